import type { Delta, EventInput, SessionEvent, SessionState } from '@sandpiper/protocol';

/**
 * The sessions of this replica, live: the log for what is finished, the bus for what is growing.
 * Everything that happens in a session goes through here, whoever caused it.
 */
export interface SessionHub {
  /** Appends a fact: stored, folded into the state, sent to every subscriber. Throws `SESSION_NOT_FOUND`. */
  append(sessionId: string, event: EventInput): Promise<SessionEvent>;
  /**
   * Publishes live growth. Returns at once: it is batched to slow subscribers and never awaited per token.
   * What is open is kept (and stored about once a second) as the partial of new subscribers and of a next owner.
   */
  grow(sessionId: string, delta: Delta): void;
  /** The session after all its events. Throws `SESSION_NOT_FOUND`. */
  state(sessionId: string): Promise<SessionState>;
  /** What is open now: one delta from offset 0 (or from where its head was dropped) per growing text. */
  partials(sessionId: string): Promise<Delta[]>;
  /** Live frames from now on, in order. Reading the log up to the moment of subscribing is the stream's business. */
  subscribe(sessionId: string, listener: (frame: SessionFrame) => void): () => void;
}

export type SessionFrame = { kind: 'event'; event: SessionEvent } | { kind: 'delta'; delta: Delta };
