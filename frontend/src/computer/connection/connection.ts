import { shallowRef } from 'vue';
import type { ShallowRef } from 'vue';
import { reconnectDelayMs, stateBeforeAttempt } from './reconnect.ts';
import type { ConnectionState } from './reconnect.ts';

/** Something open that can be closed. */
export interface Line {
  close(): void;
}

export interface ConnectionOptions {
  /**
   * Opens the line, and resolves when it is live. `lost` is to be called once when it ends by itself afterwards.
   * Rejects when it could not be opened; it must not call `lost` then.
   */
  open: (signal: AbortSignal, lost: () => void) => Promise<Line>;
  /** Asked before every attempt after the first: false ends trying, until `start` is called again. */
  mayRetry: () => Promise<boolean>;
  random?: () => number;
}

export interface Connection {
  readonly state: Readonly<ShallowRef<ConnectionState>>;
  /** Connects, and stays connected until `stop`. Does nothing when that is so already. */
  start: () => void;
  stop: () => void;
  /** Tries at once instead of waiting for the next attempt. */
  retry: () => void;
}

/** Keeps a line open: connects again after a loss with growing delays, at once when the network or a person says so. */
export function createConnection({ open, mayRetry, random = Math.random }: ConnectionOptions): Connection {
  const state = shallowRef<ConnectionState>({ kind: 'idle' });
  /** Identifies what was started: whatever belongs to an earlier start finds its controller aborted. */
  let current: AbortController | undefined;
  let line: Line | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waiting: (() => void) | undefined;

  const hurry = (): void => waiting?.();

  function start(): void {
    if (current) return;
    current = new AbortController();
    addEventListener('online', hurry);
    state.value = { kind: 'connecting' };
    void attempt(current.signal, 0);
  }

  function stop(): void {
    if (!current) return;
    current.abort();
    current = undefined;
    removeEventListener('online', hurry);
    clearTimeout(timer);
    waiting = undefined;
    line?.close();
    line = undefined;
    state.value = { kind: 'idle' };
  }

  async function attempt(signal: AbortSignal, failures: number): Promise<void> {
    if (failures > 0 && !(await askWhether(signal))) return;
    if (signal.aborted) return;
    try {
      const opened = await open(signal, () => {
        if (signal.aborted) return;
        line = undefined;
        later(signal, 1);
      });
      if (isAborted(signal)) {
        opened.close();
        return;
      }
      line = opened;
      state.value = { kind: 'live' };
    } catch {
      // Why it failed shows in the state: what is wrong with the computer itself is told by its phase.
      if (!isAborted(signal)) later(signal, failures + 1);
    }
  }

  async function askWhether(signal: AbortSignal): Promise<boolean> {
    // No answer means that the gateway is away, which passes: keep trying.
    const may = await mayRetry().catch(() => true);
    if (signal.aborted) return false;
    if (!may) stop();
    return may;
  }

  function later(signal: AbortSignal, failures: number): void {
    state.value = stateBeforeAttempt(failures, navigator.onLine);
    const go = (): void => {
      clearTimeout(timer);
      waiting = undefined;
      void attempt(signal, failures);
    };
    waiting = go;
    timer = setTimeout(go, reconnectDelayMs(failures, random()));
  }

  return { state, start, stop, retry: hurry };
}

/** Read anew after an await, which the compiler does not expect to change anything. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;
