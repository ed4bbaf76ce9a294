import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection to the VNC server that says nothing before `read` and `socket.resume()` were called. */
export interface VncConnection {
  /** Its readable side is `read`; `data` events never come. */
  readonly socket: Socket;
  /**
   * Sets who gets the bytes. They lie in one buffer that is filled again, and are valid until the next ones come: that is never before
   * `onBytes` has returned true, or the socket was resumed after it returned false.
   */
  read(onBytes: (bytes: Buffer) => boolean): void;
}

const CONNECT_TIMEOUT_MS = 2000;

/** More than a Unix socket holds (208 KiB on Linux), so that one read empties it; most of the cost of a relay is calls and copies. */
const READ_BYTES = 256 * 1024;

/** @throws the system's error, or a TimeoutError after two seconds */
export async function connectToVnc(vncSocket: string): Promise<VncConnection> {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  let take: (bytes: Buffer) => boolean = () => false;
  const socket = connect({
    path: vncSocket,
    onread: { buffer, callback: (length) => take(buffer.subarray(0, length)) },
  });
  socket.pause();
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return {
    socket,
    read(onBytes) {
      take = onBytes;
    },
  };
}
