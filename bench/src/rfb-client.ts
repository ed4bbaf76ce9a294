/** The two roads to one desktop, as the client below sees them. */
export interface Road {
  send(bytes: Buffer): void;
  onBytes(listener: (bytes: Buffer) => void): void;
  close(): void;
}

/** Just enough of an RFB client to ask for pixels and know when they have come (RFC 6143), Raw encoding only. */
export class RfbClient {
  width = 0;
  height = 0;
  receivedBytes = 0;
  readonly #road: Road;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #wanted: { bytes: number; resolve: (bytes: Buffer) => void } | undefined;

  private constructor(road: Road) {
    this.#road = road;
    road.onBytes((bytes) => {
      this.receivedBytes += bytes.length;
      this.#held.push(bytes);
      this.#heldBytes += bytes.length;
      this.#serve();
    });
  }

  static async connect(road: Road): Promise<RfbClient> {
    const client = new RfbClient(road);
    await client.#read(12);
    road.send(Buffer.from('RFB 003.008\n'));
    const count = (await client.#read(1)).readUInt8(0);
    await client.#read(count);
    road.send(Buffer.from([1]));
    await client.#read(4);
    road.send(Buffer.from([1]));
    const init = await client.#read(24);
    client.width = init.readUInt16BE(0);
    client.height = init.readUInt16BE(2);
    await client.#read(init.readUInt32BE(20));
    road.send(Buffer.from([2, 0, 0, 1, 0, 0, 0, 0]));
    return client;
  }

  /** Asks for the pixels of a rectangle at the top left, changed or not. */
  request(width: number, height: number): void {
    const message = Buffer.alloc(10);
    message.writeUInt8(3, 0);
    message.writeUInt16BE(width, 6);
    message.writeUInt16BE(height, 8);
    this.#road.send(message);
  }

  /** Resolves when one whole update has arrived. */
  async update(): Promise<void> {
    for (;;) {
      const type = (await this.#read(1)).readUInt8(0);
      if (type === 2) continue;
      if (type === 3) {
        const head = await this.#read(7);
        await this.#read(Math.abs(head.readInt32BE(3)));
        continue;
      }
      if (type !== 0) throw new Error(`Unexpected message ${type}.`);
      const rectangles = (await this.#read(3)).readUInt16BE(1);
      for (let index = 0; index < rectangles; index++) {
        const head = await this.#read(12);
        await this.#read(head.readUInt16BE(4) * head.readUInt16BE(6) * 4);
      }
      return;
    }
  }

  close(): void {
    this.#road.close();
  }

  #read(bytes: number): Promise<Buffer> {
    if (bytes === 0) return Promise.resolve(Buffer.alloc(0));
    return new Promise((resolve) => {
      this.#wanted = { bytes, resolve };
      this.#serve();
    });
  }

  #serve(): void {
    const wanted = this.#wanted;
    if (!wanted || this.#heldBytes < wanted.bytes) return;
    const all = this.#held.length === 1 ? (this.#held[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#held);
    const rest = all.subarray(wanted.bytes);
    this.#held = rest.length === 0 ? [] : [rest];
    this.#heldBytes = rest.length;
    this.#wanted = undefined;
    wanted.resolve(all.subarray(0, wanted.bytes));
  }
}
