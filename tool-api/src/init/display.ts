import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';

const COOKIE_NAME = 'MIT-MAGIC-COOKIE-1';
const FAMILY_WILD = 0xffff;

/**
 * Writes an Xauthority file with a fresh cookie that is valid for any display of this host.
 * The format is Xau's: family, then address, display number, name and data, each with a 16-bit length, big-endian.
 *
 * @returns the cookie
 */
export async function writeXauthority(file: string): Promise<Buffer> {
  const cookie = randomBytes(16);
  const field = (bytes: Buffer): Buffer[] => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    return [length, bytes];
  };
  const family = Buffer.alloc(2);
  family.writeUInt16BE(FAMILY_WILD);
  const none = Buffer.alloc(0);
  const entry = [family, ...field(none), ...field(none), ...field(Buffer.from(COOKIE_NAME)), ...field(cookie)];
  await writeFile(file, Buffer.concat(entry), { mode: 0o600 });
  return cookie;
}

/**
 * Paints the root window in one colour, as `xsetroot -solid` does, by speaking just enough of the X11 protocol: connection
 * setup, ChangeWindowAttributes, ClearArea, and GetInputFocus as a round trip. Spares a package and a process start.
 *
 * @param colour  0xRRGGBB, right for the 24-bit visuals Xtigervnc has
 */
export async function paintBackground(display: string, cookie: Buffer, colour: number): Promise<void> {
  const number = display.replace(/^:/, '').replace(/\..*$/, '');
  const socket = connect(`/tmp/.X11-unix/X${number}`);
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(2000) });
    socket.write(setupRequest(cookie));
    const root = await readRoot(socket);
    socket.write(Buffer.concat([changeBackground(root, colour), clearArea(root), Buffer.from([43, 0, 1, 0])]));
    await readAtLeast(socket, 32);
  } finally {
    socket.destroy();
  }
}

function setupRequest(cookie: Buffer): Buffer {
  const header = Buffer.alloc(12);
  header.write('l', 0, 'latin1');
  header.writeUInt16LE(11, 2);
  header.writeUInt16LE(COOKIE_NAME.length, 6);
  header.writeUInt16LE(cookie.length, 8);
  return Buffer.concat([header, pad(Buffer.from(COOKIE_NAME)), pad(cookie)]);
}

async function readRoot(socket: Socket): Promise<number> {
  const header = await readAtLeast(socket, 8);
  if (header[0] !== 1) throw new Error('The X server refused the connection.');
  const length = 8 + header.readUInt16LE(6) * 4;
  const reply =
    header.length >= length ? header : Buffer.concat([header, await readAtLeast(socket, length - header.length)]);
  const vendorLength = reply.readUInt16LE(24);
  const formats = reply.readUInt8(29);
  return reply.readUInt32LE(40 + Math.ceil(vendorLength / 4) * 4 + formats * 8);
}

function changeBackground(window: number, pixel: number): Buffer {
  const request = Buffer.alloc(16);
  request.writeUInt8(2, 0);
  request.writeUInt16LE(4, 2);
  request.writeUInt32LE(window, 4);
  request.writeUInt32LE(0x2, 8); // background-pixel
  request.writeUInt32LE(pixel, 12);
  return request;
}

function clearArea(window: number): Buffer {
  const request = Buffer.alloc(16);
  request.writeUInt8(61, 0);
  request.writeUInt16LE(4, 2);
  request.writeUInt32LE(window, 4);
  return request;
}

async function readAtLeast(socket: Socket, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < bytes) {
    const [chunk] = (await once(socket, 'data', { signal: AbortSignal.timeout(2000) })) as [Buffer];
    chunks.push(chunk);
    length += chunk.length;
  }
  return Buffer.concat(chunks);
}

function pad(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
