import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { ticketResponse } from '@sandpiper/protocol';
import { descendantsOf } from '@sandpiper/testing';
import type { RunningGateway } from './gateway.ts';
import type { Road } from './rfb-client.ts';

/** The display's own socket, reached through the root of its mount namespace. */
export async function direct(gateway: RunningGateway): Promise<Road> {
  for (const { pid, command } of await descendantsOf(gateway.pid)) {
    if (!command.includes('Xtigervnc')) continue;
    const { socket, onBytes } = await open({ path: `/proc/${pid}/root/run/sandpiper/vnc.sock` });
    return { send: (bytes) => void socket.write(bytes), onBytes, close: () => void socket.destroy() };
  }
  throw new Error('The desktop of the computer was not found.');
}

/**
 * A viewer's WebSocket through gateway and tool-api. Its frames are taken off here in place: an ordinary client puts each together
 * in a new buffer, and that would be measured on this road only.
 */
export async function relayed(gateway: RunningGateway, sessionId: string): Promise<Road> {
  const wish = { kind: 'vnc', mode: 'view', viewerId: 'bench' };
  const { url } = ticketResponse.parse(await gateway.request('POST', `sessions/${sessionId}/tickets`, wish));
  const { hostname, port, host } = new URL(gateway.url);
  const { socket, onBytes } = await open({ host: hostname, port: Number(port) });
  socket.write(
    [
      `GET ${url} HTTP/1.1`,
      `Host: ${host}`,
      `Origin: ${gateway.url}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Protocol: binary',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      '\r\n',
    ].join('\r\n'),
  );
  return {
    send: (bytes) => void socket.write(masked(bytes)),
    onBytes: (listener) => onBytes(pastAnswer(unframed(listener))),
    close: () => void socket.destroy(),
  };
}

type Listener = (bytes: Buffer) => void;

/** Both roads read in the same way: into one buffer, as much at once as there is. */
async function open(
  address: { path: string } | { host: string; port: number },
): Promise<{ socket: Socket; onBytes: (listener: Listener) => void }> {
  const buffer = Buffer.allocUnsafeSlow(256 * 1024);
  let listen: Listener = () => undefined;
  const socket = connect({
    ...address,
    noDelay: true,
    onread: {
      buffer,
      callback(length) {
        listen(buffer.subarray(0, length));
        return true;
      },
    },
  });
  socket.pause();
  await once(socket, 'connect');
  return {
    socket,
    onBytes(listener) {
      listen = listener;
      socket.resume();
    },
  };
}

function pastAnswer(listener: Listener): Listener {
  let head: string | undefined = '';
  return (bytes) => {
    if (head === undefined) {
      listener(bytes);
      return;
    }
    const seenBytes = head.length;
    head += bytes.toString('latin1');
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    if (!head.startsWith('HTTP/1.1 101 ')) throw new Error(head);
    head = undefined;
    listener(bytes.subarray(end + 4 - seenBytes));
  };
}

/** Passes on what lies in the frames of a server, which are never masked (RFC 6455 §5.2). */
function unframed(listener: Listener): Listener {
  const head = Buffer.alloc(10);
  let headBytes = 0;
  let payloadBytes = 0;
  return (bytes) => {
    let start = 0;
    while (start < bytes.length) {
      if (payloadBytes > 0) {
        const end = Math.min(bytes.length, start + payloadBytes);
        payloadBytes -= end - start;
        listener(bytes.subarray(start, end));
        start = end;
        continue;
      }
      head[headBytes++] = bytes[start++] ?? 0;
      const short = headBytes < 2 ? 0 : (head[1] ?? 0);
      const wholeBytes = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (headBytes < wholeBytes) continue;
      payloadBytes = short === 127 ? head.readUIntBE(4, 6) : short === 126 ? head.readUInt16BE(2) : short;
      headBytes = 0;
    }
  };
}

/** One frame of a client, with the mask that changes nothing. */
function masked(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x82, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
}
