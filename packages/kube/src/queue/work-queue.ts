import { backoffMs } from '../time/backoff.ts';

/** `changed` goes before `resync`, which is a mere look whether all is still well. */
export type Priority = 'changed' | 'resync';

/** Told of what happens, for metrics. */
export interface QueueObserver {
  added?(depth: number): void;
  /** Handed to a worker after waiting that long. */
  taken?(waitedMs: number, depth: number): void;
  done?(workedMs: number): void;
  retried?(): void;
}

export interface WorkQueueOptions {
  backoff: { baseMs: number; maxMs: number };
  observer?: QueueObserver;
}

/**
 * Keys that are to be worked on. A key is in it once, however often it is added, and is never with two workers at once: what is added
 * while a worker has it comes again when that one is done. Nothing is remembered of a key that is done and forgotten.
 */
export interface WorkQueue {
  /** Keys that wait for a worker now. */
  readonly depth: number;
  /** Keys of which anything is remembered: waiting, worked on, due later, or failed and not forgotten. */
  readonly size: number;
  add(key: string, priority?: Priority): void;
  /** Adds later; the earliest time asked for counts. Void as soon as a worker takes the key for any reason. */
  addAfter(key: string, delayMs: number): void;
  /** Adds after a pause that grows with each failure in a row. */
  addFailed(key: string): void;
  /** Ends the count of failures. */
  forget(key: string): void;
  /** The next key, when there is one; undefined when the queue was closed. To be followed by `done`. */
  take(): Promise<string | undefined>;
  done(key: string): void;
  /** No key is handed out any more. */
  close(): void;
}

/** After this many changed keys in a row one of the others has its turn, so that a busy queue starves nobody. */
const CHANGED_IN_A_ROW = 16;
/** What a timer can hold; whoever wakes early looks and waits again. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export function createWorkQueue({ backoff, observer = {} }: WorkQueueOptions): WorkQueue {
  // Maps keep the order in which keys came; the value is when.
  const ready: Record<Priority, Map<string, number>> = { changed: new Map(), resync: new Map() };
  const processing = new Map<string, number>();
  const again = new Map<string, Priority>();
  const later = new Map<string, { dueAt: number; timer: NodeJS.Timeout }>();
  const failures = new Map<string, number>();
  const takers: ((key: string | undefined) => void)[] = [];
  let changedInARow = 0;
  let isClosed = false;

  const depth = (): number => ready.changed.size + ready.resync.size;

  const next = (): string | undefined => {
    const isOthersTurn = changedInARow >= CHANGED_IN_A_ROW && ready.resync.size > 0;
    const from: Priority = ready.changed.size > 0 && !isOthersTurn ? 'changed' : 'resync';
    const [first] = ready[from];
    if (!first) return undefined;
    const [key, addedAt] = first;
    changedInARow = from === 'changed' ? changedInARow + 1 : 0;
    ready[from].delete(key);
    const now = performance.now();
    processing.set(key, now);
    cancelLater(key);
    observer.taken?.(now - addedAt, depth());
    return key;
  };

  const cancelLater = (key: string): void => {
    clearTimeout(later.get(key)?.timer);
    later.delete(key);
  };

  const add = (key: string, priority: Priority = 'changed'): void => {
    if (isClosed || ready.changed.has(key)) return;
    if (processing.has(key)) {
      if (again.get(key) !== 'changed') again.set(key, priority);
      return;
    }
    const waitsSince = ready.resync.get(key);
    if (waitsSince !== undefined) {
      if (priority === 'resync') return;
      ready.resync.delete(key);
    }
    ready[priority].set(key, waitsSince ?? performance.now());
    observer.added?.(depth());
    const taker = takers.shift();
    taker?.(next());
  };

  const addAfter = (key: string, delayMs: number): void => {
    if (isClosed) return;
    if (delayMs <= 0) {
      add(key);
      return;
    }
    const dueAt = performance.now() + delayMs;
    const known = later.get(key);
    if (known && known.dueAt <= dueAt) return;
    clearTimeout(known?.timer);
    const onDue = (): void => {
      later.delete(key);
      add(key);
    };
    later.set(key, { dueAt, timer: setTimeout(onDue, Math.min(delayMs, MAX_DELAY_MS)) });
  };

  return {
    get depth() {
      return depth();
    },
    get size() {
      const all = [ready.changed, ready.resync, processing, again, later, failures];
      return new Set(all.flatMap((keys) => [...keys.keys()])).size;
    },
    add,
    addAfter,
    addFailed(key) {
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      observer.retried?.();
      addAfter(key, backoffMs(count, backoff));
    },
    forget: (key) => void failures.delete(key),
    take() {
      if (isClosed) return Promise.resolve(undefined);
      const key = next();
      return key === undefined ? new Promise((resolve) => takers.push(resolve)) : Promise.resolve(key);
    },
    done(key) {
      const startedAt = processing.get(key);
      if (startedAt === undefined) return;
      processing.delete(key);
      observer.done?.(performance.now() - startedAt);
      const priority = again.get(key);
      again.delete(key);
      if (priority) add(key, priority);
    },
    close() {
      isClosed = true;
      for (const { timer } of later.values()) clearTimeout(timer);
      later.clear();
      for (const waiting of [ready.changed, ready.resync, again, failures]) waiting.clear();
      for (const taker of takers.splice(0)) taker(undefined);
    },
  };
}
