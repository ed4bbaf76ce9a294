import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { SCOPES, type Verifier } from '@sandpiper/capability';
import type { CodedError } from '@sandpiper/protocol';
import { WebSocketServer } from 'ws';
import type { Activity } from '../activity.ts';
import { errors } from '../errors.ts';
import type { UpgradeRoute } from '../upgrade.ts';
import { authenticate } from './authenticate.ts';
import { toCodedError } from './failure.ts';

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** Answers upgrades: checks path, token, protocol and activity first, so that a refusal is plain HTTP and nothing opens. */
export function routeUpgrades(
  server: Server,
  options: {
    routes: readonly UpgradeRoute[];
    verifier: Verifier;
    activity: Activity;
    onError: (error: CodedError) => void;
  },
): { close(): void } {
  const { routes, verifier, activity, onError } = options;
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES });
  const streams = new Set<Duplex>();

  const accept = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://sandbox');
    const route = routes.find((candidate) => candidate.path === url.pathname);
    // A stranger is not told what there is.
    const claims = authenticate(verifier, request, route?.scopes ?? SCOPES);
    if (!route) throw errors.ROUTE_NOT_FOUND({ method: 'UPGRADE', path: url.pathname });
    const protocol = route.protocol ?? 'websocket';
    if (request.headers.upgrade?.toLowerCase() !== protocol)
      throw errors.INVALID_REQUEST({ what: `${route.path} upgrades to ${protocol}` });
    activity.assertOpen();
    if (route.protocol === undefined) {
      const take = await route.prepare({ request, url, claims });
      sockets.handleUpgrade(request, socket, head, take);
      return;
    }
    // It is one, because the server is one of `node:http`; only the event's type does not say so.
    if (!(socket instanceof Socket)) throw new Error('A stream needs a socket of node:net.');
    const take = await route.prepare({ request, url, claims });
    if (!socket.destroyed) {
      streams.add(socket);
      socket.once('close', () => streams.delete(socket));
      switchTo(protocol, socket, head);
    }
    take(socket);
  };

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // Without a listener, a peer that resets while we prepare would end the process.
    socket.on('error', () => socket.destroy());
    accept(request, socket, head).catch((thrown: unknown) => {
      const error = toCodedError(thrown);
      onError(error);
      refuse(socket, error);
    });
  };
  server.on('upgrade', onUpgrade);

  return {
    close() {
      server.off('upgrade', onUpgrade);
      for (const client of sockets.clients) client.terminate();
      for (const stream of streams) stream.destroy();
      sockets.close();
    },
  };
}

function switchTo(protocol: string, socket: Duplex, head: Buffer): void {
  if (head.length > 0) socket.unshift(head);
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`);
}

function refuse(socket: Duplex, error: CodedError): void {
  if (socket.destroyed) return;
  const body = JSON.stringify(error.toEnvelope());
  socket.end(
    [
      `HTTP/1.1 ${error.status.toString()} ${STATUS_CODES[error.status] ?? 'Error'}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body).toString()}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
