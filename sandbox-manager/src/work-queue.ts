/** Gives keys to one worker each: a key that is added while it is worked on is worked on once more afterwards. */
export interface WorkQueue {
  add(key: string): void;
  /** Adds the key later; of several times for one key, the earliest counts. */
  addAfter(key: string, delayMs: number): void;
  /** Takes nothing new and resolves when the work that is under way has ended. */
  close(): Promise<void>;
}

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 30_000;
/** The longest that a timer of Node takes; longer waits look again in between. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * @param work  handles one key; when it rejects, the key is tried again with exponential backoff
 * @param onError  called with each rejection
 */
export function createWorkQueue(
  work: (key: string) => Promise<void>,
  onError: (key: string, error: unknown, retryInMs: number) => void,
): WorkQueue {
  const running = new Map<string, Promise<void>>();
  const dirty = new Set<string>();
  const timers = new Map<string, { at: number; timer: NodeJS.Timeout }>();
  const failures = new Map<string, number>();
  let isClosed = false;

  const add = (key: string): void => {
    if (isClosed) return;
    dirty.add(key);
    if (!running.has(key)) running.set(key, drain(key));
  };

  const addAfter = (key: string, delayMs: number): void => {
    if (isClosed) return;
    const at = performance.now() + delayMs;
    const planned = timers.get(key);
    if (planned && planned.at <= at) return;
    clearTimeout(planned?.timer);
    const fire = (): void => {
      timers.delete(key);
      const leftMs = at - performance.now();
      if (leftMs > 1) addAfter(key, leftMs);
      else add(key);
    };
    timers.set(key, { at, timer: setTimeout(fire, Math.min(delayMs, LONGEST_TIMER_MS)) });
  };

  const drain = async (key: string): Promise<void> => {
    // Starts in a later microtask, so that `running` knows the key before any work can add it again.
    await Promise.resolve();
    while (!isClosed && dirty.delete(key)) {
      try {
        await work(key);
        failures.delete(key);
      } catch (error) {
        const count = (failures.get(key) ?? 0) + 1;
        failures.set(key, count);
        const retryInMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (count - 1));
        onError(key, error, retryInMs);
        addAfter(key, retryInMs);
      }
    }
    running.delete(key);
  };

  return {
    add,
    addAfter,
    async close() {
      isClosed = true;
      for (const { timer } of timers.values()) clearTimeout(timer);
      timers.clear();
      await Promise.all(running.values());
    },
  };
}
