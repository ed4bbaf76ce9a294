import { connect, type Socket } from 'node:net';
import { readFile } from 'node:fs/promises';
import { once } from 'node:events';

/**
 * As much of the X11 protocol as it takes to ask a display how it is and what it shows: no window, no event, no library.
 * https://www.x.org/releases/current/doc/xproto/x11protocol.html (appendix B gives the encoding)
 */
export interface XDisplay {
  readonly root: number;
  /** Of the root window now; it follows resizes, which the connection's set-up block does not. */
  size(): Promise<{ width: number; height: number }>;
  pointer(): Promise<{ x: number; y: number }>;
  /** First 32-bit value of a window's property; undefined when the window or the property is not there. */
  property(window: number, name: string): Promise<number | undefined>;
  /** Pixels of the root window, four bytes each: blue, green, red, unused. */
  image(x: number, y: number, width: number, height: number): Promise<Buffer>;
  close(): void;
}

/**
 * Connects over the display's Unix socket.
 *
 * @param display as in `DISPLAY`: `:1`
 * @param xauthorityFile where the cookie is; without an entry for the display it connects without one
 * @throws when nothing listens there, it refuses, or it does not answer within `timeoutMs`
 */
export async function openDisplay(display: string, xauthorityFile?: string, timeoutMs = 1000): Promise<XDisplay> {
  const number = displayNumber(display);
  const cookie = xauthorityFile === undefined ? undefined : findCookie(await readFile(xauthorityFile), number);
  const socket = connect(`/tmp/.X11-unix/X${number}`);
  const reader = new Reader(socket, timeoutMs);
  try {
    await once(socket, 'connect');
    socket.write(setUpRequest(cookie));
    const head = await reader.take(8);
    const body = await reader.take(head.readUInt16LE(6) * 4);
    if (head[0] !== 1)
      throw new Error(`Display ${display} refused: ${body.toString('latin1').replace(/\0+$/, '').trim()}`);
    return displayOver(socket, reader, rootOf(body));
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

export function displayNumber(display: string): string {
  const number = /^(?:unix)?:(\d+)(?:\.\d+)?$/.exec(display)?.[1];
  if (number === undefined) throw new Error(`"${display}" is no local display such as ":1".`);
  return number;
}

function displayOver(socket: Socket, reader: Reader, root: number): XDisplay {
  // Requests are answered in order; one at a time keeps sequence numbers out of it.
  let last: Promise<unknown> = Promise.resolve();
  const ask = (request: Buffer): Promise<Buffer | undefined> => {
    const answer = last.then(async () => {
      socket.write(request);
      return readReply(reader);
    });
    last = answer.catch(() => undefined);
    return answer;
  };
  const need = async (request: Buffer, what: string): Promise<Buffer> => {
    const reply = await ask(request);
    if (!reply) throw new Error(`The display could not tell ${what}.`);
    return reply;
  };
  return {
    root,
    size: async () => {
      const reply = await need(words(14, 0, root), 'its size');
      return { width: reply.readUInt16LE(16), height: reply.readUInt16LE(18) };
    },
    pointer: async () => {
      const reply = await need(words(38, 0, root), 'where the pointer is');
      return { x: reply.readInt16LE(16), y: reply.readInt16LE(18) };
    },
    property: async (window, name) => {
      const atom = (await need(internAtom(name), 'an atom')).readUInt32LE(8);
      const reply = atom === 0 ? undefined : await ask(words(20, 0, window, atom, 0, 0, 1));
      return reply?.[1] === 32 && reply.readUInt32LE(16) > 0 ? reply.readUInt32LE(32) : undefined;
    },
    image: async (x, y, width, height) => {
      const corner = (y << 16) | (x & 0xffff);
      const extent = (height << 16) | (width & 0xffff);
      const reply = await need(words(73, 2, root, corner, extent, 0xffffffff), 'what it shows');
      return reply.subarray(32, 32 + width * height * 4);
    },
    close: () => socket.destroy(),
  };
}

/** @returns the reply; undefined for an error such as BadWindow */
async function readReply(reader: Reader): Promise<Buffer | undefined> {
  for (;;) {
    const head = await reader.take(32);
    if (head[0] === 0) return undefined;
    // Events arrive unasked (MappingNotify goes to every client).
    if (head[0] !== 1) continue;
    const rest = await reader.take(head.readUInt32LE(4) * 4);
    return Buffer.concat([head, rest]);
  }
}

function words(opcode: number, detail: number, ...values: number[]): Buffer {
  const request = Buffer.alloc(4 + values.length * 4);
  request.writeUInt8(opcode, 0);
  request.writeUInt8(detail, 1);
  request.writeUInt16LE(1 + values.length, 2);
  values.forEach((value, index) => request.writeUInt32LE(value >>> 0, 4 + index * 4));
  return request;
}

function internAtom(name: string): Buffer {
  const onlyIfExists = 1;
  const request = Buffer.alloc(8 + padded(name.length));
  request.writeUInt8(16, 0);
  request.writeUInt8(onlyIfExists, 1);
  request.writeUInt16LE(request.length / 4, 2);
  request.writeUInt16LE(name.length, 4);
  request.write(name, 8, 'latin1');
  return request;
}

const COOKIE_NAME = 'MIT-MAGIC-COOKIE-1';

function setUpRequest(cookie: Buffer | undefined): Buffer {
  const name = cookie ? COOKIE_NAME : '';
  const request = Buffer.alloc(12 + padded(name.length) + padded(cookie?.length ?? 0));
  request.write('l', 0, 'latin1'); // little-endian
  request.writeUInt16LE(11, 2);
  request.writeUInt16LE(name.length, 6);
  request.writeUInt16LE(cookie?.length ?? 0, 8);
  request.write(name, 12, 'latin1');
  cookie?.copy(request, 12 + padded(name.length));
  return request;
}

/** The first screen's root window, from the set-up block without its first eight bytes. */
function rootOf(setUp: Buffer): number {
  const vendorLength = setUp.readUInt16LE(16);
  const formats = setUp.readUInt8(21);
  return setUp.readUInt32LE(32 + padded(vendorLength) + formats * 8);
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

/** Entries are family, address, display number, name, data: a 16-bit word, then four strings with 16-bit lengths (big-endian). */
function findCookie(file: Buffer, number: string): Buffer | undefined {
  let offset = 0;
  const field = (): Buffer => {
    const start = offset + 2;
    offset = start + file.readUInt16BE(offset);
    return file.subarray(start, offset);
  };
  while (offset + 2 < file.length) {
    offset += 2;
    field();
    const entryNumber = field().toString('latin1');
    const name = field().toString('latin1');
    const cookie = field();
    if (name === COOKIE_NAME && (entryNumber === '' || entryNumber === number)) return cookie;
  }
  return undefined;
}

/** An Xauthority entry that fits any display on this machine, so that it can be written before the display has a number. */
export function xauthorityEntry(cookie: Buffer): Buffer {
  const familyWild = Buffer.from([0xff, 0xff]);
  const field = (value: Buffer): Buffer => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(value.length);
    return Buffer.concat([length, value]);
  };
  const empty = Buffer.alloc(0);
  return Buffer.concat([familyWild, field(empty), field(empty), field(Buffer.from(COOKIE_NAME)), field(cookie)]);
}

/** Reads exact numbers of bytes from a socket; everything it waits for must come within the connection's time. */
class Reader {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #length = 0;
  #waiting: { length: number; resolve(bytes: Buffer): void; reject(error: Error): void } | undefined;
  #error: Error | undefined;

  constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`The display did not answer within ${timeoutMs} ms.`)));
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#serve();
    });
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('The display closed the connection.')));
  }

  take(length: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#error) reject(this.#error);
      this.#waiting = { length, resolve, reject };
      this.#serve();
    });
  }

  #serve(): void {
    const waiting = this.#waiting;
    if (!waiting || this.#length < waiting.length) return;
    const all = this.#chunks.length === 1 && this.#chunks[0] ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#chunks = [all.subarray(waiting.length)];
    this.#length -= waiting.length;
    this.#waiting = undefined;
    waiting.resolve(all.subarray(0, waiting.length));
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#waiting?.reject(this.#error);
    this.#waiting = undefined;
    this.#socket.destroy();
  }
}
