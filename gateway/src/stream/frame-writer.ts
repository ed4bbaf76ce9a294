import type { Delta } from '@sandpiper/protocol';
import { merge } from '../sessions/partials.ts';

/** Where frames go: one response. */
export interface FrameSink {
  /** `written` is called when the bytes have left for the network. */
  write(text: string, written: () => void): void;
  /** Bytes that wait to leave. */
  readonly queuedBytes: number;
  /** The reader is too slow for what it asked for. It may come back with its cursor. */
  cutOff(): void;
}

const MAX_WAIT_MS = 25;
/** Above this much on the way, writing more would only fill memory: then a batch waits for the network. */
const HIGH_WATER_BYTES = 256 * 1024;
const MAX_WAITING_LENGTH = 16 * 1024 * 1024;

type Waiting = { delta: Delta } | { text: string };

/**
 * Writes frames in order, each at once while nothing is on the way. What comes meanwhile is batched until the write before
 * has left, at most 25 ms; growth of one text merges into one delta, so that a slow reader gets fewer frames and not an ever longer queue.
 */
export class FrameWriter {
  readonly #sink: FrameSink;
  #onTheWay = 0;
  #waiting: Waiting[] = [];
  #waitingLength = 0;
  /** Where in the batch the delta of each growing text is. */
  readonly #places = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #drained: (() => void)[] = [];
  #closed = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** @param data  serialised; without line breaks, as JSON is */
  frame(name: string, data: string, id?: number): void {
    const text =
      id === undefined ? `event: ${name}\ndata: ${data}\n\n` : `event: ${name}\nid: ${id}\ndata: ${data}\n\n`;
    if (this.#onTheWay === 0 && this.#waiting.length === 0) this.#write(text);
    else {
      // Growth after this frame must not move before it.
      this.#places.clear();
      this.#wait({ text }, text.length);
    }
  }

  delta(delta: Delta): void {
    if (this.#onTheWay === 0 && this.#waiting.length === 0) {
      this.#write(encodeDelta(delta));
      return;
    }
    const key = `${delta.kind} ${delta.id}`;
    const place = this.#places.get(key);
    const held = place === undefined ? undefined : this.#waiting[place];
    if (place !== undefined && held !== undefined && 'delta' in held) {
      const merged = mergeWaiting(held.delta, delta);
      this.#waitingLength += merged.text.length - held.delta.text.length;
      this.#waiting[place] = { delta: merged };
      return;
    }
    this.#places.set(key, this.#waiting.length);
    this.#wait({ delta }, delta.text.length);
  }

  /** Resolves when everything has left, or the reader has gone. */
  async drained(): Promise<void> {
    if (this.#closed || (this.#onTheWay === 0 && this.#waiting.length === 0)) return;
    await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#settle();
  }

  #wait(entry: Waiting, length: number): void {
    if (this.#closed) return;
    this.#waiting.push(entry);
    this.#waitingLength += length;
    if (this.#waitingLength > MAX_WAITING_LENGTH) {
      this.close();
      this.#sink.cutOff();
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#sink.queuedBytes < HIGH_WATER_BYTES) this.#flush();
    }, MAX_WAIT_MS);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0 || this.#closed) return;
    const text = this.#waiting.map((entry) => ('delta' in entry ? encodeDelta(entry.delta) : entry.text)).join('');
    this.#waiting = [];
    this.#waitingLength = 0;
    this.#places.clear();
    this.#write(text);
  }

  #write(text: string): void {
    if (this.#closed) return;
    this.#onTheWay += 1;
    this.#sink.write(text, () => {
      this.#onTheWay -= 1;
      if (this.#onTheWay > 0) return;
      if (this.#waiting.length > 0) this.#flush();
      else this.#settle();
    });
  }

  #settle(): void {
    const drained = this.#drained;
    this.#drained = [];
    for (const resolve of drained) resolve();
  }
}

const encodeDelta = (delta: Delta): string => `event: delta\ndata: ${JSON.stringify(delta)}\n\n`;

/**
 * Two deltas of one text as one. The reader has a text of its own before them, so the first offset stays: only where the second begins
 * before the first, or leaves a gap, is the first of no use any more.
 */
function mergeWaiting(held: Delta, delta: Delta): Delta {
  const end = held.offset + held.text.length;
  if (delta.offset < held.offset || delta.offset > end) return delta;
  return merge(held, delta);
}
