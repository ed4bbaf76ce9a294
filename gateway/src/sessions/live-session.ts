import { reduce, type SessionEvent, type SessionState } from '@sandpiper/protocol';
import type { EventStore, SessionRecord } from '../stores/stores.ts';
import { Partials } from './partials.ts';

/** One session in memory: its state after all its events, and what is open. */
export class LiveSession {
  record: SessionRecord;
  state: SessionState;
  readonly partials: Partials;
  usedAtMs = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(record: SessionRecord, state: SessionState, partials = new Partials()) {
    this.record = record;
    this.state = state;
    this.partials = partials;
  }

  /** Runs after everything that was given before, so that events are published in the order of their numbers. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when nothing given so far is left to do. */
  async settled(): Promise<void> {
    await this.#last;
  }
}

const PAGE = 1000;

/** Reads the log after a cursor to its end, page by page. */
export async function* readLog(
  events: EventStore,
  sessionId: string,
  afterSeq: number,
): AsyncGenerator<SessionEvent[]> {
  let cursor = afterSeq;
  for (;;) {
    const page = await events.read(sessionId, cursor, PAGE);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    if (page.length < PAGE) return;
    cursor = last.seq;
  }
}

/** Folds what the log holds beyond a state. */
export async function catchUp(events: EventStore, sessionId: string, state: SessionState): Promise<SessionState> {
  let current = state;
  for await (const page of readLog(events, sessionId, state.seq)) current = reduce(current, page);
  return current;
}
