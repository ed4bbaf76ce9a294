import { applyDelta, emptySession, reduce } from '@sandpiper/protocol';
import type { Delta, SessionEvent, SessionState } from '@sandpiper/protocol';

export interface LiveState {
  current(): SessionState;
  /** The last event that was received, whether folded in yet or not: the cursor to resume from. */
  cursor(): number;
  event(event: SessionEvent): void;
  delta(delta: Delta): void;
  /** Folds what waits at once. */
  flush(): void;
  close(): void;
}

export interface LiveStateOptions {
  initial?: SessionState;
  onChange: (state: SessionState) => void;
  /** An event is missing: the stream must be asked again from `cursor`. */
  onGap: () => void;
  /** Runs a task at the next good moment; answers how to cancel it. */
  schedule?: (task: () => void) => () => void;
}

/**
 * Folds a stream into a session, once per frame however many tokens came: events and deltas wait in the order in which they
 * arrived. Views see a new immutable state, in which what did not change keeps its identity.
 */
export function createLiveState({
  initial = emptySession,
  onChange,
  onGap,
  schedule = nextFrame,
}: LiveStateOptions): LiveState {
  let state = initial;
  let waiting: ({ event: SessionEvent } | { delta: Delta })[] = [];
  let cancel: (() => void) | null = null;
  let received = initial.seq;

  const later = () => {
    cancel ??= schedule(() => {
      cancel = null;
      flush();
    });
  };

  return {
    current: () => state,
    cursor: () => received,
    event(event) {
      received = Math.max(received, event.seq);
      waiting.push({ event });
      later();
    },
    delta(delta) {
      const last = waiting.at(-1);
      if (last && 'delta' in last && continues(last.delta, delta)) {
        waiting[waiting.length - 1] = { delta: { ...last.delta, text: last.delta.text + delta.text } };
      } else {
        waiting.push({ delta });
      }
      later();
    },
    flush,
    close() {
      cancel?.();
      cancel = null;
      waiting = [];
    },
  };

  function flush(): void {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    let next = state;
    let gap = false;
    for (let index = 0; index < batch.length; index += 1) {
      const entry = batch[index];
      if (!entry) break;
      if ('delta' in entry) {
        next = applyDelta(next, entry.delta);
        continue;
      }
      const run = eventsFrom(batch, index);
      index += run.length - 1;
      try {
        next = reduce(next, run);
      } catch {
        gap = true;
        break;
      }
    }
    if (next !== state) {
      state = next;
      onChange(state);
    }
    if (gap) {
      received = state.seq;
      onGap();
    }
  }
}

/** Consecutive events fold in one go: one copy of the timeline instead of one per event. */
function eventsFrom(batch: ({ event: SessionEvent } | { delta: Delta })[], start: number): SessionEvent[] {
  const events: SessionEvent[] = [];
  for (let index = start; index < batch.length; index += 1) {
    const entry = batch[index];
    if (!entry || !('event' in entry)) break;
    // Up to a gap everything counts; the event behind it is refused by itself.
    const before = events.at(-1);
    if (before && entry.event.seq > before.seq + 1) break;
    events.push(entry.event);
  }
  return events;
}

function continues(last: Delta, next: Delta): boolean {
  return (
    last.kind === next.kind &&
    last.id === next.id &&
    next.offset === last.offset + last.text.length &&
    last.toolName === next.toolName
  );
}

/** A hidden tab gets no animation frames, but its title and notifications should still move. */
function nextFrame(task: () => void): () => void {
  if (document.hidden) {
    const timer = setTimeout(task, 250);
    return () => clearTimeout(timer);
  }
  // The tab may be hidden before the frame comes: whichever is first cancels the other.
  const cancel = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
  const once = () => {
    cancel();
    task();
  };
  const frame = requestAnimationFrame(once);
  const timer = setTimeout(once, 500);
  return cancel;
}
