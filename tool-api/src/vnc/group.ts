import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { defineErrors } from '@sandpiper/protocol';
import type { WebSocket } from 'ws';
import type { Activity } from '../activity.ts';
import { whileFresh } from '../desktop/fresh.ts';
import type { Group } from '../group.ts';
import { bridge } from './bridge.ts';

export const vncErrors = defineErrors({
  VNC_UNAVAILABLE: { status: 503, retryable: true, message: 'The desktop cannot be shown: {reason}' },
});

export interface VncOptions {
  /** The Unix socket of the VNC server. */
  vncSocket: string;
  activity: Pick<Activity, 'touch'>;
}

const CONNECT_TIMEOUT_MS = 2000;

/** `/v1/vnc`: the desktop as RFB bytes over a WebSocket, subprotocol `binary`. Who may do what with them is the gateway's to check. */
export function createVncGroup({ vncSocket, activity }: VncOptions): Group {
  const open = new Set<WebSocket>();
  return {
    upgrades: [
      {
        path: '/v1/vnc',
        scopes: ['view', 'control'],
        prepare: async () => {
          const server = await connectTo(vncSocket).catch((error: unknown) => {
            const reason = error instanceof Error ? error.message : String(error);
            throw vncErrors.VNC_UNAVAILABLE({ reason }, { cause: error });
          });
          return (viewer) => {
            open.add(viewer);
            viewer.on('close', () => open.delete(viewer));
            bridge(viewer, server, () => activity.touch('viewer'));
          };
        },
      },
    ],
    components: [{ name: 'vnc', check: whileFresh(() => greets(vncSocket)) }],
    close: () => {
      for (const viewer of open) viewer.terminate();
      return Promise.resolve();
    },
  };
}

/** @returns a connected, paused socket: the greeting must wait until the WebSocket is open */
async function connectTo(vncSocket: string): Promise<Socket> {
  const socket = connect(vncSocket);
  socket.pause();
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function greets(vncSocket: string): Promise<void> {
  const socket = await connectTo(vncSocket);
  try {
    const [greeting] = (await once(socket.resume(), 'data', { signal: AbortSignal.timeout(900) })) as [Buffer];
    if (!greeting.toString('latin1').startsWith('RFB 003.')) throw new Error('What listens there does not speak RFB.');
  } finally {
    socket.destroy();
  }
}
