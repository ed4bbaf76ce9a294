import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CodedError } from '@sandpiper/protocol';
import type { Logger } from 'pino';
import { errors } from '../errors.ts';
import type { HostPolicy } from './hosts.ts';

/** A request to become a WebSocket; Host and Origin have been checked. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the client sent right behind its request. */
  readonly head: Buffer;
  /** Only path and query mean anything. */
  readonly url: URL;
}

/**
 * Answers one path. Checks its ticket, gets its backend ready, and only then completes the upgrade; an error thrown before that is
 * answered as plain HTTP, so that the WebSocket never opens.
 */
export type UpgradeHandler = (upgrade: Upgrade) => void | Promise<void>;

export interface UpgradeRouter {
  /** @param path  exact, such as `/ws/vnc` */
  route(path: string, handler: UpgradeHandler): void;
}

export interface UpgradeListener extends UpgradeRouter {
  /** For `server.on('upgrade')`. */
  readonly listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Refuses what comes from now on, and ends what has not been answered yet. */
  close(): void;
}

export function createUpgradeRouter({ hosts, log }: { hosts: HostPolicy; log: Logger }): UpgradeListener {
  const routes = new Map<string, UpgradeHandler>();
  const pending = new Set<Duplex>();
  let closed = false;

  const answer = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    hosts.checkHost(request);
    hosts.checkOrigin(request, { required: true });
    if (closed) throw errors.SHUTTING_DOWN();
    const url = new URL(request.url ?? '/', 'http://gateway');
    const handler = routes.get(url.pathname);
    if (!handler) throw errors.ROUTE_NOT_FOUND({ method: 'UPGRADE', path: url.pathname });
    await handler({ request, socket, head, url });
  };

  return {
    route(path, handler) {
      if (routes.has(path)) throw new Error(`Two handlers for ${path}.`);
      routes.set(path, handler);
    },
    listener(request, socket, head) {
      // A socket that breaks before anyone took it must not bring the process down.
      const ignore = (): void => undefined;
      socket.on('error', ignore);
      pending.add(socket);
      answer(request, socket, head)
        .catch((error: unknown) => refuse(socket, error, log))
        .finally(() => {
          pending.delete(socket);
          socket.off('error', ignore);
        });
    },
    close() {
      closed = true;
      for (const socket of pending) socket.destroy();
    },
  };
}

function refuse(socket: Duplex, error: unknown, log: Logger): void {
  const known = error instanceof CodedError;
  if (!known) log.error({ err: error }, 'an upgrade failed');
  const { status, envelope } = known
    ? { status: error.status, envelope: error.toEnvelope() }
    : { status: 500, envelope: errors.INTERNAL({ requestId: '-' }).toEnvelope() };
  if (socket.destroyed || !socket.writable) return;
  const body = JSON.stringify(envelope);
  socket.on('error', () => undefined);
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
