import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { defineErrors } from '@sandpiper/protocol';
import type { Activity } from '../activity.ts';
import { whileFresh } from '../desktop/fresh.ts';
import type { Group } from '../group.ts';
import { bridge } from './bridge.ts';
import { connectToVnc } from './vnc-connection.ts';

export const vncErrors = defineErrors({
  VNC_UNAVAILABLE: { status: 503, retryable: true, message: 'The desktop cannot be shown: {reason}' },
});

export interface VncOptions {
  /** The Unix socket of the VNC server. */
  vncSocket: string;
  activity: Pick<Activity, 'touch'>;
}

/**
 * `/v1/vnc`, `Upgrade: rfb`: the bytes of the VNC server, both ways. No WebSocket: its frames would be built, masked and taken apart
 * again between two of our own programs. Who may do what with the bytes is the gateway's to check.
 */
export function createVncGroup({ vncSocket, activity }: VncOptions): Group {
  const open = new Set<Socket>();
  return {
    upgrades: [
      {
        path: '/v1/vnc',
        protocol: 'rfb',
        scopes: ['view', 'control'],
        prepare: async () => {
          const server = await connectToVnc(vncSocket).catch((error: unknown) => {
            const reason = error instanceof Error ? error.message : String(error);
            throw vncErrors.VNC_UNAVAILABLE({ reason }, { cause: error });
          });
          return (viewer) => {
            if (!viewer.destroyed) open.add(viewer);
            viewer.on('close', () => open.delete(viewer));
            bridge(viewer, server, () => activity.touch('viewer'));
          };
        },
      },
    ],
    components: [{ name: 'vnc', check: whileFresh(() => greets(vncSocket)) }],
    close: () => {
      for (const viewer of open) viewer.destroy();
      return Promise.resolve();
    },
  };
}

async function greets(vncSocket: string): Promise<void> {
  const socket = connect(vncSocket);
  try {
    const [greeting] = (await once(socket, 'data', { signal: AbortSignal.timeout(900) })) as [Buffer];
    if (!greeting.toString('latin1').startsWith('RFB 003.')) throw new Error('What listens there does not speak RFB.');
  } finally {
    socket.destroy();
  }
}
