import { applyOffset, type Delta, type SessionEvent, type SessionState } from '@sandpiper/protocol';

/** Live output is a window on what a command says; all of it is on the sandbox's disk. */
const MAX_OUTPUT_LENGTH = 256 * 1024;

/** What is open in one session: one growing text per message, thought, call input and call output. */
export class Partials {
  readonly #open = new Map<string, Delta>();
  /** Changed since they were last stored. */
  readonly #dirty = new Set<string>();
  readonly #stored = new Set<string>();

  get size(): number {
    return this.#open.size;
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0;
  }

  /** Takes what a store held; what has grown here meanwhile is newer. */
  restore(partials: readonly Delta[], state: SessionState): void {
    for (const partial of partials) {
      const key = keyOf(partial);
      this.#stored.add(key);
      if (!this.#open.has(key) && !isClosed(state, partial)) this.#open.set(key, partial);
    }
  }

  /** Adds growth. False when what it belongs to is already complete: then it came late. */
  grow(delta: Delta, state: SessionState): boolean {
    const key = keyOf(delta);
    const held = this.#open.get(key);
    if (!held) {
      if (isClosed(state, delta)) return false;
      this.#open.set(key, delta);
    } else {
      this.#open.set(key, merge(held, delta));
    }
    this.#dirty.add(key);
    return true;
  }

  list(): Delta[] {
    return [...this.#open.values()];
  }

  /** What to store now; counts as stored from here on, until `unsaved` says otherwise. */
  takeDirty(): Delta[] {
    const dirty = [...this.#dirty].flatMap((key) => this.#open.get(key) ?? []);
    for (const partial of dirty) this.#stored.add(keyOf(partial));
    this.#dirty.clear();
    return dirty;
  }

  unsaved(partials: readonly Delta[]): void {
    for (const partial of partials) if (this.#open.has(keyOf(partial))) this.#dirty.add(keyOf(partial));
  }

  /** Drops what an event completed. Returns those that a store holds and must forget. */
  close(event: SessionEvent): Delta[] {
    const closed = this.list().filter((partial) => completes(event, partial));
    for (const partial of closed) {
      this.#open.delete(keyOf(partial));
      this.#dirty.delete(keyOf(partial));
    }
    return closed.filter((partial) => this.#stored.delete(keyOf(partial)));
  }
}

const keyOf = ({ kind, id }: Delta): string => `${kind} ${id}`;

/** The whole after growth. The usual case, growth at the end, is one concatenation. */
export function merge(held: Delta, delta: Delta): Delta {
  const grown =
    delta.offset === held.offset + held.text.length
      ? { base: held.offset, text: held.text + delta.text }
      : applyOffset({ base: held.offset, text: held.text }, delta.offset, delta.text);
  const { base, text } = delta.kind === 'tool-output' ? dropHead(grown) : grown;
  const toolName = delta.toolName ?? held.toolName;
  return { ...held, offset: base, text, ...(toolName === undefined ? {} : { toolName }) };
}

/** Keeps half of the limit, so that not every further line copies all of it. */
function dropHead(grown: { base: number; text: string }): { base: number; text: string } {
  if (grown.text.length <= MAX_OUTPUT_LENGTH) return grown;
  let from = grown.text.length - MAX_OUTPUT_LENGTH / 2;
  // Not in the middle of a surrogate pair.
  const unit = grown.text.charCodeAt(from);
  if (unit >= 0xdc00 && unit <= 0xdfff) from += 1;
  return { base: grown.base + from, text: grown.text.slice(from) };
}

function completes(event: SessionEvent, partial: Delta): boolean {
  switch (event.type) {
    case 'message.completed':
      return (partial.kind === 'text' || partial.kind === 'reasoning') && partial.id === event.messageId;
    case 'tool.started':
      return partial.kind === 'tool-input' && partial.id === event.callId;
    case 'tool.completed':
      return (partial.kind === 'tool-input' || partial.kind === 'tool-output') && partial.id === event.callId;
    case 'run.owned':
      // What an owner that died had open is stored as interrupted, or was never more than a beginning.
      return event.epoch > 1 && partial.runId === event.runId;
    case 'run.retried':
    case 'run.completed':
      return partial.runId === event.runId;
    default:
      return false;
  }
}

/** Whether the log already holds what this would become. */
function isClosed(state: SessionState, { kind, id, runId }: Delta): boolean {
  if (state.runs[runId]?.outcome) return true;
  const item = state.timeline.findLast((candidate) => candidate.id === id);
  if (kind === 'tool-output') return item?.kind === 'tool' && item.state !== 'running';
  return item !== undefined;
}
