import { connect, type Socket } from 'node:net';
import type { Scope } from '@sandpiper/capability';
import { connectionError, instanceErrors } from './errors.ts';
import { socketPathOf, type Transport } from './transport.ts';
import { readUpgradeAnswer } from './upgrade-answer.ts';

export interface OpenStreamOptions {
  /** What to upgrade to, such as `rfb`. */
  protocol: string;
  scope: Scope;
  subject?: string;
  signal?: AbortSignal;
}

/** Raw bytes into the sandbox and back. Nothing that came is read before `read` is called. */
export interface InstanceStream {
  /**
   * Starts reading; once. Each chunk lies in a buffer that is filled again: it is valid until `next` was called, and before that no
   * other comes. So a slow reader piles up one chunk (256 KiB), and the sandbox waits.
   */
  read(onChunk: (chunk: Buffer, next: () => void) => void): void;
  /** @param onWritten  called when the bytes are out, or never will be */
  write(bytes: Buffer, onWritten?: () => void): void;
  /** Written, but not yet taken by the kernel. */
  readonly unsentBytes: number;
  /** Called once when nothing more comes, for whatever reason; at once when that is so already. */
  onClose(listener: () => void): void;
  close(): void;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;

/** More than a Unix socket holds (208 KiB on Linux), so that one read empties it; most of the cost of a relay is calls and copies. */
const READ_BYTES = 256 * 1024;

/**
 * Opens a stream into the sandbox: an HTTP/1.1 request with `Upgrade`, and bytes without frames behind the answer. The answer is read
 * here, not by an HTTP client, because only a socket that is made with its buffer reads into that buffer.
 *
 * @throws the sandbox's own refusal, INSTANCE_UNREACHABLE, INSTANCE_TIMEOUT or INSTANCE_ANSWER_INVALID; the signal's reason
 */
export async function openStream(
  transport: Transport,
  address: string,
  path: string,
  options: OpenStreamOptions,
): Promise<InstanceStream> {
  const { protocol, scope, subject, signal } = options;
  signal?.throwIfAborted();
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  /** Gets each read; false stops reading until the socket is resumed. */
  let take: (bytes: Buffer) => boolean;
  const socket = connect({
    ...endpointOf(address),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    onread: { buffer, callback: (length) => take(buffer.subarray(0, length)) },
  });

  const opened = Promise.withResolvers<Buffer>();
  let held: Buffer = Buffer.alloc(0);
  const advance = (bytes: Buffer, isLast: boolean): boolean => {
    try {
      held = Buffer.concat([held, bytes]);
      const rest = readUpgradeAnswer(held, { protocol, isLast });
      if (rest === undefined) return true;
      opened.resolve(rest);
    } catch (error) {
      opened.reject(error);
    }
    return false;
  };
  take = (bytes) => advance(bytes, false);
  const abort = (): void => opened.reject(signal?.reason as Error);
  const timer = setTimeout(() => opened.reject(instanceErrors.INSTANCE_TIMEOUT()), HANDSHAKE_TIMEOUT_MS);
  signal?.addEventListener('abort', abort, { once: true });
  // Stays for good: without a listener a connection that breaks later would end the process.
  socket.on('error', (error) => opened.reject(connectionError(error, signal)));
  const hangUp = (): void => void advance(Buffer.alloc(0), true);
  socket.once('close', hangUp);
  socket.write(
    [
      `GET ${path} HTTP/1.1`,
      'Host: sandbox',
      'Connection: Upgrade',
      `Upgrade: ${protocol}`,
      `Authorization: Bearer ${transport.token(scope, subject)}`,
      '\r\n',
    ].join('\r\n'),
  );
  try {
    const early = await opened.promise;
    return streamOver(socket, early, (deliver) => (take = deliver));
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    socket.off('close', hangUp);
    signal?.removeEventListener('abort', abort);
  }
}

/** @param early  what came right behind the answer */
function streamOver(
  socket: Socket,
  early: Buffer,
  deliverTo: (deliver: (bytes: Buffer) => boolean) => void,
): InstanceStream {
  return {
    read(onChunk) {
      const deliver = (chunk: Buffer): boolean => {
        let isTaken = false;
        let waits = false;
        onChunk(chunk, () => {
          if (isTaken) return;
          isTaken = true;
          if (waits) socket.resume();
        });
        waits = !isTaken;
        return isTaken;
      };
      deliverTo(deliver);
      if (early.length === 0 || deliver(early)) socket.resume();
    },
    write: (bytes, onWritten) => void socket.write(bytes, onWritten),
    get unsentBytes() {
      return socket.writableLength;
    },
    onClose(listener) {
      if (socket.closed) listener();
      else socket.once('close', listener);
    },
    close: () => socket.destroy(),
  };
}

function endpointOf(address: string): { path: string } | { host: string; port: number } {
  const socketPath = socketPathOf(address);
  if (socketPath !== undefined) return { path: socketPath };
  const { hostname, port } = new URL(address);
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 80) };
}
