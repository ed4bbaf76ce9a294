import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { errors } from '../errors.ts';

export interface HttpServer {
  readonly server: Server;
  /** Throws `PORT_IN_USE` or `ADDRESS_REFUSED`, each naming what was asked for. */
  listen(address: { host: string; port: number }): Promise<AddressInfo>;
  /** Stops listening and ends the connections: those at rest at once, the others (upgraded ones too) after a moment. */
  close(graceMs?: number): Promise<void>;
}

/** A server for requests that may last (streams, uploads of large files). */
export function createHttpServer(listener: RequestListener): HttpServer {
  const server = createServer(
    { headersTimeout: 20_000, requestTimeout: 0, keepAliveTimeout: 20_000, noDelay: true },
    listener,
  );
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    server,
    listen: ({ host, port }) => open(server, host, port),
    async close(graceMs = 1000) {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function open(server: Server, host: string, port: number): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    const refused = (cause: NodeJS.ErrnoException): void => {
      if (cause.code === 'EADDRINUSE') reject(errors.PORT_IN_USE({ host, port }, { errno: 'EADDRINUSE', cause }));
      else reject(errors.ADDRESS_REFUSED({ host, port, reason: cause.code ?? cause.message }, { cause }));
    };
    server.once('error', refused);
    server.listen({ host, port }, () => {
      server.off('error', refused);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A TCP server has an address and a port.');
  return address;
}

/** Under which a browser on this machine reaches it. */
export function urlOf({ address, port, family }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::' || address === '127.0.0.1') return `http://127.0.0.1:${port}`;
  return family === 'IPv6' ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}
