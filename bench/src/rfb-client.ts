/** One connection to a desktop, as the client below sees it. */
export interface Road {
  send(bytes: Buffer): void;
  /** Starts reading. The bytes are valid only until the listener returns. */
  onBytes(listener: (bytes: Buffer) => void): void;
  close(): void;
}

/** So many bytes to be read for what they say, or only to be counted. */
interface Wish {
  bytes: number;
  isRead: boolean;
}

/**
 * Just enough of an RFB client to ask for pixels and know when they have come (RFC 6143), Raw encoding only. It counts pixels and
 * copies none, so that on either road it costs little beside what it measures.
 */
export class RfbClient {
  width = 0;
  height = 0;
  receivedBytes = 0;
  readonly #road: Road;
  readonly #conversation: Generator<Wish, never, Buffer>;
  /** What was wished to be read, while it comes in. */
  readonly #held = Buffer.alloc(64 * 1024);
  #heldBytes = 0;
  #wish: Wish;
  #missingBytes: number;
  #updated: (() => void) | undefined;

  private constructor(road: Road) {
    this.#road = road;
    this.#conversation = this.#talk();
    this.#wish = this.#conversation.next().value;
    this.#missingBytes = this.#wish.bytes;
    road.onBytes((bytes) => {
      this.receivedBytes += bytes.length;
      this.#take(bytes);
    });
  }

  static async connect(road: Road): Promise<RfbClient> {
    const client = new RfbClient(road);
    await client.#update();
    return client;
  }

  /** Asks for the pixels of a rectangle at the top left, changed or not; resolves when one whole update has arrived. */
  request(width: number, height: number): Promise<void> {
    const message = Buffer.alloc(10);
    message.writeUInt8(3, 0);
    message.writeUInt16BE(width, 6);
    message.writeUInt16BE(height, 8);
    this.#road.send(message);
    return this.#update();
  }

  close(): void {
    this.#road.close();
  }

  #update(): Promise<void> {
    return new Promise((resolve) => {
      this.#updated = resolve;
    });
  }

  #take(bytes: Buffer): void {
    let start = 0;
    while (start < bytes.length) {
      const end = Math.min(bytes.length, start + this.#missingBytes);
      if (this.#wish.isRead) this.#heldBytes += bytes.copy(this.#held, this.#heldBytes, start, end);
      this.#missingBytes -= end - start;
      start = end;
      while (this.#missingBytes === 0) {
        this.#wish = this.#conversation.next(this.#held.subarray(0, this.#heldBytes)).value;
        this.#missingBytes = this.#wish.bytes;
        this.#heldBytes = 0;
      }
    }
  }

  /** The handshake, then updates for ever; the end of either is told to who waits for an update. */
  *#talk(): Generator<Wish, never, Buffer> {
    yield read(12);
    this.#road.send(Buffer.from('RFB 003.008\n'));
    yield read((yield read(1)).readUInt8(0));
    this.#road.send(Buffer.from([1]));
    yield read(4);
    this.#road.send(Buffer.from([1]));
    const init = yield read(24);
    this.width = init.readUInt16BE(0);
    this.height = init.readUInt16BE(2);
    yield skip(init.readUInt32BE(20));
    this.#road.send(Buffer.from([2, 0, 0, 1, 0, 0, 0, 0]));
    for (;;) {
      this.#updated?.();
      yield* readUpdate();
    }
  }
}

function* readUpdate(): Generator<Wish, void, Buffer> {
  for (;;) {
    const type = (yield read(1)).readUInt8(0);
    if (type === 2) continue;
    if (type === 3) {
      yield skip(Math.abs((yield read(7)).readInt32BE(3)));
      continue;
    }
    if (type !== 0) throw new Error(`Unexpected message ${type}.`);
    const rectangles = (yield read(3)).readUInt16BE(1);
    for (let index = 0; index < rectangles; index++) {
      const head = yield read(12);
      yield skip(head.readUInt16BE(4) * head.readUInt16BE(6) * 4);
    }
    return;
  }
}

const read = (bytes: number): Wish => ({ bytes, isRead: true });
const skip = (bytes: number): Wish => ({ bytes, isRead: false });
