import {
  emptySession,
  eventBody,
  reduce,
  type Delta,
  type EventBody,
  type SessionEvent,
  type SessionListChange,
} from '@sandpiper/protocol';
import type { Logger } from 'pino';
import { errors } from '../errors.ts';
import { SeqTaken, type RecordChanges, type SessionRecord, type Stores } from '../stores/stores.ts';
import type { Bus } from './bus.ts';
import type { SessionFrame, SessionHub } from './hub.ts';
import { catchUp, LiveSession } from './live-session.ts';
import { Partials } from './partials.ts';
import { recordChanges, summaryOf } from './record.ts';

export interface LiveHubParts {
  stores: Pick<Stores, 'events' | 'partials' | 'sessions'>;
  /** By session id. */
  frames: Bus<SessionFrame>;
  /** By user id. */
  listChanges: Bus<SessionListChange>;
  log: Logger;
  /** Counts what passes, for `/metrics`. */
  meter?: { appended(): void; grew(): void };
  /** Epoch ms. */
  now?: () => number;
  storePartialsEveryMs?: number;
}

export interface LiveHub extends SessionHub {
  /** Stores a new session and tells its owner's tabs. */
  create(record: SessionRecord): Promise<SessionRecord>;
  /** Removes a session with all that was kept of it, and tells its owner's tabs. */
  remove(sessionId: string): Promise<void>;
  close(): Promise<void>;
}

/** More than these are dropped from memory when nobody uses them; the log brings them back. */
const MAX_RESTING_SESSIONS = 200;
const REST_AFTER_MS = 60_000;

/** Makes the hub of one replica. */
export function createLiveHub(parts: LiveHubParts): LiveHub {
  return new InMemoryHub(parts);
}

class InMemoryHub implements LiveHub {
  readonly #parts: LiveHubParts;
  readonly #now: () => number;
  /** Sessions that are in memory, and those on the way there. */
  readonly #live = new Map<string, LiveSession>();
  readonly #loading = new Map<string, Promise<LiveSession>>();
  /** What grew before its session was in memory. */
  readonly #early = new Map<string, Partials>();
  readonly #timer: NodeJS.Timeout;

  constructor(parts: LiveHubParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
    this.#timer = setInterval(() => void this.#tick(), parts.storePartialsEveryMs ?? 1000);
    this.#timer.unref();
  }

  async create(record: SessionRecord): Promise<SessionRecord> {
    await this.#parts.stores.sessions.create(record);
    await this.append(record.id, { type: 'session.created', model: record.model });
    const { record: created } = await this.#load(record.id);
    this.#parts.listChanges.publish(created.ownerId, { change: 'upserted', session: summaryOf(created) });
    return created;
  }

  async remove(sessionId: string): Promise<void> {
    const live = await this.#load(sessionId);
    await live.inTurn(() => this.#parts.stores.sessions.delete(sessionId));
    this.#live.delete(sessionId);
    this.#parts.listChanges.publish(live.record.ownerId, { change: 'deleted', id: sessionId });
  }

  async append(sessionId: string, input: Parameters<SessionHub['append']>[1]): Promise<SessionEvent> {
    const body = eventBody.parse(input);
    const live = await this.#load(sessionId);
    return live.inTurn(() => this.#appendNext(live, body));
  }

  grow(sessionId: string, delta: Delta): void {
    const live = this.#live.get(sessionId);
    if (live) {
      if (!live.partials.grow(delta, live.state)) return;
    } else {
      this.#growEarly(sessionId, delta);
    }
    this.#parts.frames.publish(sessionId, { kind: 'delta', delta });
    this.#parts.meter?.grew();
  }

  async state(sessionId: string): Promise<LiveSession['state']> {
    return (await this.#load(sessionId)).state;
  }

  async partials(sessionId: string): Promise<Delta[]> {
    return (await this.#load(sessionId)).partials.list();
  }

  subscribe(sessionId: string, listener: (frame: SessionFrame) => void): () => void {
    return this.#parts.frames.subscribe(sessionId, listener);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#live.values()].map((live) => live.settled()));
    await this.#storePartials();
  }

  /** Tries the number after the last known one; when somebody else was first, folds what they wrote and tries the next. */
  async #appendNext(live: LiveSession, body: EventBody): Promise<SessionEvent> {
    for (;;) {
      const event: SessionEvent = { seq: live.state.seq + 1, at: new Date(this.#now()).toISOString(), ...body };
      const state = reduce(live.state, [event]);
      const changes = recordChanges(live.state, state, event);
      try {
        await this.#parts.stores.events.append(live.record.id, event, changes);
      } catch (error) {
        if (!(error instanceof SeqTaken)) throw error;
        live.state = await catchUp(this.#parts.stores.events, live.record.id, live.state);
        continue;
      }
      live.state = state;
      this.#announce(live, event, changes);
      await this.#forget(live, event);
      return event;
    }
  }

  #announce(live: LiveSession, event: SessionEvent, changes: RecordChanges | undefined): void {
    live.record = { ...live.record, ...changes, lastSeq: event.seq };
    this.#parts.meter?.appended();
    this.#parts.frames.publish(live.record.id, { kind: 'event', event });
    if (changes === undefined) return;
    this.#parts.listChanges.publish(live.record.ownerId, { change: 'upserted', session: summaryOf(live.record) });
  }

  /** Drops the partials that an event completed. One that stays behind in the store is known as stale when it is read. */
  async #forget(live: LiveSession, event: SessionEvent): Promise<void> {
    const stored = live.partials.close(event);
    if (stored.length === 0) return;
    try {
      await this.#parts.stores.partials.remove(live.record.id, stored);
    } catch (error) {
      this.#parts.log.warn({ err: error, sessionId: live.record.id }, 'stale partials could not be removed');
    }
  }

  async #load(sessionId: string): Promise<LiveSession> {
    const held = this.#live.get(sessionId);
    if (held) {
      held.usedAtMs = this.#now();
      return held;
    }
    let loading = this.#loading.get(sessionId);
    if (!loading) {
      loading = this.#read(sessionId).finally(() => {
        this.#loading.delete(sessionId);
        this.#early.delete(sessionId);
      });
      this.#loading.set(sessionId, loading);
    }
    return loading;
  }

  async #read(sessionId: string): Promise<LiveSession> {
    const { stores } = this.#parts;
    const record = await stores.sessions.find(sessionId);
    if (!record) throw errors.SESSION_NOT_FOUND({ id: sessionId });
    const state = await catchUp(stores.events, sessionId, emptySession);
    const stored = await stores.partials.read(sessionId);
    // No pause from here on, so that nothing grows between the two.
    const live = new LiveSession({ ...record, lastSeq: state.seq }, state, this.#early.get(sessionId));
    live.partials.restore(stored, state);
    live.usedAtMs = this.#now();
    this.#live.set(sessionId, live);
    return live;
  }

  #growEarly(sessionId: string, delta: Delta): void {
    let partials = this.#early.get(sessionId);
    if (!partials) this.#early.set(sessionId, (partials = new Partials()));
    partials.grow(delta, emptySession);
    this.#load(sessionId).catch((error: unknown) => {
      this.#parts.log.warn({ err: error, sessionId }, 'growth of a session that cannot be read was dropped');
    });
  }

  async #tick(): Promise<void> {
    await this.#storePartials();
    this.#evictResting();
  }

  async #storePartials(): Promise<void> {
    const taken = [...this.#live.values()]
      .filter((live) => live.partials.isDirty)
      .map((live) => ({ live, dirty: live.partials.takeDirty() }));
    if (taken.length === 0) return;
    try {
      await this.#parts.stores.partials.put(
        taken.flatMap(({ live, dirty }) => dirty.map((partial) => ({ sessionId: live.record.id, partial }))),
      );
    } catch (error) {
      for (const { live, dirty } of taken) live.partials.unsaved(dirty);
      this.#parts.log.warn({ err: error }, 'partials could not be stored; trying again in a second');
    }
  }

  #evictResting(): void {
    if (this.#live.size <= MAX_RESTING_SESSIONS) return;
    const before = this.#now() - REST_AFTER_MS;
    for (const [id, live] of this.#live) {
      const rests = live.usedAtMs < before && live.partials.size === 0 && live.state.activeRunId === null;
      if (rests && !this.#parts.frames.hasSubscribers(id)) this.#live.delete(id);
    }
  }
}
