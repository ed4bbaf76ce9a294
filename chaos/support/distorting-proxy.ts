import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { type ApiServerProxy, startApiServerProxy } from '@sandpiper/testing/api-server-proxy';

export interface Distortion {
  /** What a watch tells comes so much later than it happened; lists and answers are as they are. */
  lagMs?: number;
  /** The server's clock, as its answers tell it, is so much ahead of this machine's. */
  clockAheadMs?: number;
}

/** A view of the API server through bad glass. */
export interface DistortingProxy {
  readonly kubeConfig: KubeConfig;
  /** The proxy behind it, for all other faults. */
  readonly faults: ApiServerProxy;
  close(): Promise<void>;
}

/** Starts a view of the server of `kubeConfig`, for one operator. */
export async function startDistortingProxy(
  kubeConfig: KubeConfig,
  { lagMs = 0, clockAheadMs = 0 }: Distortion,
): Promise<DistortingProxy> {
  const faults = await startApiServerProxy({ kubeConfig });
  const timers = new Set<NodeJS.Timeout>();
  /** Timers of one length fire in the order in which they were set, so that events keep theirs. */
  const later = (work: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, lagMs);
    timers.add(timer);
  };

  const server = createServer((incoming, response) => {
    const { method, headers, url = '/' } = incoming;
    const outgoing = request(faults.url + url, { method, headers });
    outgoing.once('response', (answered) => {
      const date = new Date(Date.now() + clockAheadMs).toUTCString();
      response.writeHead(answered.statusCode ?? 502, { ...answered.headers, date });
      if (!new URL(url, faults.url).searchParams.has('watch')) {
        answered.pipe(response);
        return;
      }
      response.flushHeaders();
      answered.on('data', (chunk: Buffer) =>
        later(() => {
          if (!response.destroyed) response.write(chunk);
        }),
      );
      answered.once('end', () => later(() => response.end()));
      answered.once('error', () => incoming.socket.destroy());
    });
    response.once('close', () => outgoing.destroy());
    outgoing.once('error', () => incoming.socket.destroy());
    incoming.pipe(outgoing);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = new KubeConfig();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  own.loadFromClusterAndUser({ name: 'chaos', server: url, skipTLSVerify: true }, { name: 'chaos' });
  return {
    kubeConfig: own,
    faults,
    async close() {
      for (const timer of timers) clearTimeout(timer);
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      await faults.close();
    },
  };
}
