import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { Delta, SessionEvent, SessionListChange } from '@sandpiper/protocol';
import { ApiError } from '../api/error.ts';
import type { StreamSlots } from './streamSlots.ts';

export type ConnectionState =
  | { kind: 'live' }
  /** Before the first success, `attempt` is 0 and nothing is wrong yet. */
  | { kind: 'reconnecting'; attempt: number }
  /** The browser says that there is no network; the stream waits for it. */
  | { kind: 'offline' }
  /** The server refused for good: the session is gone, or the sign-in is over. */
  | { kind: 'refused'; error: ApiError };

/** One frame of `GET /api/v1/events`, as packages/protocol describes them. */
export type StreamFrame =
  | { type: 'session'; event: SessionEvent }
  | { type: 'delta'; delta: Delta }
  | { type: 'synced'; seq: number }
  | { type: 'sessions'; change: SessionListChange }
  | { type: 'ping' };

export interface EventStreamOptions {
  sessionId: string | null;
  /** The last event that is held; read at every connect. */
  cursor: () => number;
  fetch: (path: string, options: { headers: Record<string, string>; signal: AbortSignal }) => Promise<Response>;
  onFrame: (frame: StreamFrame) => void;
  onState: (state: ConnectionState) => void;
  /** Shared by the tabs of a browser; without it this stream may last as long as it likes. */
  slots?: StreamSlots;
  /** 0 ≤ random < 1, for jitter. */
  random?: () => number;
}

export interface EventStream {
  /** Drops the connection and asks again from the cursor: for a receiver that found a gap. */
  resync(): void;
  /** True while this tab has no slot: frames without a cursor are missed between two rounds. */
  asksInRounds(): boolean;
  close(): void;
}

/** The server pings every 10 s: two missed ones and some slack mean that the line is dead, whatever TCP believes. */
export const SILENCE_MS = 25_000;
/** Between two rounds of a tab that has no slot. */
const ROUND_MS = 1000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;

/** Keeps one stream open until it is closed: resumes after every cut at the cursor, with exponential backoff and jitter. */
export function openEventStream(options: EventStreamOptions): EventStream {
  const { random = Math.random } = options;
  const closed = new AbortController();
  let connection = new AbortController();
  let attempt = 0;
  let wake: (() => void) | null = null;
  let isLive = false;
  let inRounds = false;

  const hurry = () => wake?.();
  const dropWhenOffline = () => connection.abort();
  addEventListener('online', hurry);
  // Browsers slow the timers of hidden tabs down to one a minute.
  addEventListener('visibilitychange', hurry);
  addEventListener('offline', dropWhenOffline);
  void run();

  return {
    resync: () => {
      attempt = 0;
      connection.abort();
      hurry();
    },
    asksInRounds: () => inRounds,
    close() {
      closed.abort();
      connection.abort();
      hurry();
      removeEventListener('online', hurry);
      removeEventListener('visibilitychange', hurry);
      removeEventListener('offline', dropWhenOffline);
    },
  };

  async function run(): Promise<void> {
    while (!closed.signal.aborted) {
      if (navigator.onLine) {
        if (!isLive) options.onState({ kind: 'reconnecting', attempt });
        const end = await connect();
        // Read anew: close() may have come while the connection lasted.
        if (isClosed()) return;
        if (end instanceof ApiError) {
          options.onState({ kind: 'refused', error: end });
          return;
        }
        if (end === 'round') {
          await pause(ROUND_MS);
          continue;
        }
      }
      isLive = false;
      attempt += 1;
      options.onState(navigator.onLine ? { kind: 'reconnecting', attempt } : { kind: 'offline' });
      await pause(navigator.onLine ? backoff(attempt) : Infinity);
    }
  }

  function isClosed(): boolean {
    return closed.signal.aborted;
  }

  /**
   * One connection, from its request to its end.
   *
   * @returns the error when asking again is of no use; `round` when it was given back on purpose, with nothing amiss
   */
  async function connect(): Promise<ApiError | 'round' | undefined> {
    connection = new AbortController();
    const line = connection;
    let wanted = false;
    const slot = await options.slots?.take(() => {
      wanted = true;
      line.abort();
    });
    const mayStay = options.slots === undefined || slot !== undefined;
    inRounds = !mayStay;
    let watchdog = setTimeout(() => line.abort(), SILENCE_MS);
    const heard = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => line.abort(), SILENCE_MS);
    };
    try {
      const response = await options.fetch(pathOf(options), {
        headers: { accept: 'text/event-stream' },
        signal: line.signal,
      });
      if (!response.body) return undefined;
      const frames = response.body
        .pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>)
        .pipeThrough(new EventSourceParserStream())
        .getReader();
      if (!isLive) options.onState({ kind: 'live' });
      isLive = true;
      for (;;) {
        const { done, value } = await frames.read();
        if (done || line.signal.aborted) return isWanted() ? 'round' : undefined;
        heard();
        attempt = 0;
        const frame = frameOf(value.event, value.data);
        if (frame) options.onFrame(frame);
        // Log and partials are here: without a slot the line goes back to those who need it.
        if (frame?.type === 'synced' && !mayStay) return 'round';
      }
    } catch (error) {
      if (isWanted()) return 'round';
      return error instanceof ApiError && isFinal(error.status) ? error : undefined;
    } finally {
      clearTimeout(watchdog);
      line.abort();
      slot?.release();
    }

    // Read anew: another tab may have asked meanwhile.
    function isWanted(): boolean {
      return wanted;
    }
  }

  function backoff(tries: number): number {
    const full = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (tries - 1));
    return full / 2 + random() * (full / 2);
  }

  /** Waits, unless the network comes back or the stream is closed first. */
  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === Infinity ? undefined : setTimeout(() => wake?.(), ms);
      wake = () => {
        clearTimeout(timer);
        wake = null;
        resolve();
      };
      if (isClosed()) wake();
    });
  }
}

function pathOf({ sessionId, cursor }: EventStreamOptions): string {
  return sessionId === null ? 'events' : `events?session=${encodeURIComponent(sessionId)}&after=${cursor()}`;
}

/** 408 and 429 pass; every other refusal of the client's side stays one. */
function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

function frameOf(type: string | undefined, json: string): StreamFrame | undefined {
  const body: unknown = JSON.parse(json);
  switch (type) {
    case 'session':
      return { type, event: body as SessionEvent };
    case 'partial':
    case 'delta':
      // Both carry an offset, so that they are applied alike.
      return { type: 'delta', delta: body as Delta };
    case 'synced':
      return { type, seq: (body as { seq: number }).seq };
    case 'sessions':
      return { type, change: body as SessionListChange };
    case 'ping':
      return { type };
    default:
      // A newer server may say more.
      return undefined;
  }
}
