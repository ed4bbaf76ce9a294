import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/**
 * A stand-in for the one thing that the operator asks of tool-api: whether it may be suspended. One server answers for all
 * pods, whose addresses are loopback ones; which of them is meant stands in the token.
 */
export interface Sleepers {
  /** To be named `tools` among a template's ports. */
  readonly port: number;
  /** From now on this pod has nothing to do: it agrees to be suspended, and then takes no more work. */
  letIdle(podUid: string): void;
  /** Pods that have agreed, and were not opened again. */
  readonly closed: ReadonlySet<string>;
  close(): Promise<void>;
}

export async function startSleepers(): Promise<Sleepers> {
  const idle = new Set<string>();
  const closed = new Set<string>();
  const server = createServer((request, response) => {
    const uid = audienceOf(request);
    if (request.url !== '/v1/suspend' || uid === undefined) {
      response.writeHead(404).end();
    } else if (request.method === 'DELETE') {
      // Somebody wants it back, so it has something to do.
      idle.delete(uid);
      closed.delete(uid);
      response.writeHead(204).end();
    } else {
      void text(request).then((body) => {
        const { ifIdleForMs } = JSON.parse(body) as { ifIdleForMs: number };
        const agreed = idle.has(uid);
        if (agreed) closed.add(uid);
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ agreed, idleForMs: agreed ? ifIdleForMs : 0 }));
      });
    }
  });
  // Any loopback address must lead here, and they cannot be listened on together in another way.
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    letIdle: (podUid) => void idle.add(podUid),
    closed,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Of whom the token speaks: `sandbox:<uid>`. That it is checked is tool-api's affair, and tested there. */
function audienceOf({ headers, socket }: IncomingMessage): string | undefined {
  if (socket.remoteAddress?.startsWith('127.') !== true) return undefined;
  const [, payload] = headers.authorization?.split('.') ?? [];
  if (payload === undefined) return undefined;
  const { aud } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { aud: string };
  return aud.replace(/^sandbox:/, '');
}
