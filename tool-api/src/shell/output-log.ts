import { open, rm, type FileHandle } from 'node:fs/promises';

/** Bytes of one output stream, from the offset that could be had. */
export interface OutputPiece {
  /** Later than asked for when what lies between was not kept. */
  offset: number;
  bytes: Buffer;
}

export interface OutputLimits {
  /** Kept in memory, so that short output touches no disk. */
  inlineBytes: number;
  /** The beginning, kept on disk for good. */
  headBytes: number;
  /** The end is kept in two files of this size, the older of which goes when both are full. */
  segmentBytes: number;
}

export const OUTPUT_LIMITS: OutputLimits = {
  inlineBytes: 32 * 1024,
  headBytes: 8 * 1024 * 1024,
  segmentBytes: 4 * 1024 * 1024,
};

interface Segment {
  readonly file: string;
  readonly start: number;
  readonly capacity: number;
  length: number;
}

/**
 * One stream of a command's output, readable from any byte offset while it grows. What it takes of memory and disk is bounded, whatever
 * the command writes: the beginning and the end are kept, the middle of a very long output is not.
 */
export class OutputLog {
  readonly #path: string;
  readonly #limits: OutputLimits;
  readonly #inline: Buffer[] = [];
  #inlineLength = 0;
  #segments: Segment[] = [];
  #handle: FileHandle | undefined;
  #fileCount = 0;
  /** After a failed write (a full disk) nothing is kept until the output has got this far. */
  #retryAt = 0;
  #totalBytes = 0;
  #isEnded = false;
  #waiting = new Set<() => void>();

  /** @param path  prefix of the files that it makes */
  constructor(path: string, limits: OutputLimits = OUTPUT_LIMITS) {
    this.#path = path;
    this.#limits = limits;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get diskBytes(): number {
    return this.#segments.reduce((sum, { length }) => sum + length, 0);
  }

  /** Takes all that a stream gives, no faster than it can be stored, and ends with it. Never rejects. */
  async drain(stream: AsyncIterable<Buffer>): Promise<void> {
    try {
      for await (const chunk of stream) await this.append(chunk);
    } catch {
      // The pipe broke: what was written until then is what there is.
    }
    this.#isEnded = true;
    await this.#closeHandle();
    this.#wake();
  }

  /** Not to be called again before it resolved. */
  async append(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      const room = this.#limits.inlineBytes - this.#inlineLength;
      const taken = room > 0 ? this.#keepInline(rest.subarray(0, room)) : await this.#keepOnDisk(rest);
      this.#totalBytes += taken;
      rest = rest.subarray(taken);
    }
    this.#wake();
  }

  async read(from: number, maxBytes: number): Promise<OutputPiece> {
    const pieces: Buffer[] = [];
    let offset = from;
    let start = from;
    let left = maxBytes;
    while (left > 0 && offset < this.#totalBytes) {
      const piece = await this.#readPiece(offset, left);
      if (!piece) break;
      // A gap ends what is contiguous; as the first thing it only moves the start.
      if (piece.offset !== offset && pieces.length > 0) break;
      if (pieces.length === 0) start = piece.offset;
      pieces.push(piece.bytes);
      offset = piece.offset + piece.bytes.length;
      left -= piece.bytes.length;
    }
    return { offset: pieces.length === 0 ? Math.min(from, this.#totalBytes) : start, bytes: Buffer.concat(pieces) };
  }

  /** Resolves when there is more than `afterBytes`, when the stream has ended, or when the signal aborts. */
  async waitFor(afterBytes: number, signal: AbortSignal): Promise<void> {
    if (this.#totalBytes > afterBytes || this.#isEnded || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  /** Forgets everything, on disk too. */
  async remove(): Promise<void> {
    await this.#closeHandle();
    await Promise.all(this.#segments.map(({ file }) => rm(file, { force: true })));
    this.#segments = [];
  }

  #keepInline(bytes: Buffer): number {
    // A copy: the chunk's memory may be part of a pooled 64 kB.
    this.#inline.push(Buffer.from(bytes));
    this.#inlineLength += bytes.length;
    return bytes.length;
  }

  /** Returns how much of it is dealt with: stored, or given up. */
  async #keepOnDisk(bytes: Buffer): Promise<number> {
    if (this.#totalBytes < this.#retryAt) return Math.min(bytes.length, this.#retryAt - this.#totalBytes);
    try {
      const { segment, handle } = await this.#openSegment();
      const wanted = Math.min(bytes.length, segment.capacity - segment.length);
      const { bytesWritten } = await handle.write(bytes, 0, wanted, segment.length);
      segment.length += bytesWritten;
      return bytesWritten;
    } catch {
      // The command must not fail because its log cannot be kept; try again a while later.
      await this.#closeHandle();
      this.#retryAt = this.#totalBytes + this.#limits.segmentBytes;
      return 0;
    }
  }

  async #openSegment(): Promise<{ segment: Segment; handle: FileHandle }> {
    const last = this.#segments.at(-1);
    if (last && this.#handle && last.length < last.capacity) return { segment: last, handle: this.#handle };
    await this.#closeHandle();
    const [head, ...tail] = this.#segments;
    if (head && tail.length >= 2) {
      const [oldest, ...newer] = tail;
      this.#segments = [head, ...newer];
      if (oldest) await rm(oldest.file, { force: true });
    }
    const segment: Segment = {
      file: `${this.#path}.${(this.#fileCount++).toString()}`,
      start: this.#totalBytes,
      capacity: head ? this.#limits.segmentBytes : this.#limits.headBytes,
      length: 0,
    };
    this.#handle = await open(segment.file, 'wx', 0o600);
    this.#segments.push(segment);
    return { segment, handle: this.#handle };
  }

  /** What is kept at the offset, or next after it. */
  async #readPiece(offset: number, maxBytes: number): Promise<OutputPiece | undefined> {
    if (offset < this.#inlineLength) {
      return { offset, bytes: Buffer.concat(this.#inline).subarray(offset, offset + maxBytes) };
    }
    for (const segment of [...this.#segments]) {
      if (offset >= segment.start + segment.length) continue;
      const start = Math.max(offset, segment.start);
      const size = Math.min(maxBytes, segment.start + segment.length - start);
      const bytes = await readAt(segment.file, start - segment.start, size);
      // Gone since we looked, because newer output took its place: go on with the next.
      if (bytes && bytes.length > 0) return { offset: start, bytes };
    }
    return undefined;
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

async function readAt(file: string, position: number, size: number): Promise<Buffer | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(size), 0, size, position);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
