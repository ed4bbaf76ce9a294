import type { Delta, EventInput, SessionEvent, SessionState } from '@sandpiper/protocol';
import type { SessionFrame, SessionHub } from '../sessions/hub.ts';
import { RunInterruption } from '../agent/run-log.ts';
import type { RunLog } from '../agent/run-log.ts';
import { interruptionOf } from '../agent/turn.ts';

type Answer = { answer: string; approved: boolean | null };

/**
 * The log as the owner of a run holds it. It hears what others append: a stop, an answer, another owner. The last `run.owned` in the
 * log says whose the run is: once another one follows ours, or the run was let go, nothing more is written.
 */
export class OwnedRunLog implements RunLog {
  readonly sessionId: string;
  readonly runId: string;
  /** Aborted with a `RunInterruption`. */
  readonly signal: AbortSignal;
  readonly #hub: SessionHub;
  readonly #owner: string;
  readonly #controller = new AbortController();
  readonly #answers = new Map<string, (answer: Answer) => void>();
  readonly #unsubscribe: () => void;
  #isOwned = false;
  /** Why nothing may be written any more; a stop is no such reason, since how it ended is still to be written. */
  #lost: RunInterruption | undefined;

  /** @param owner  unique for this ownership, not only for this replica */
  constructor(hub: SessionHub, sessionId: string, runId: string, owner: string) {
    this.#hub = hub;
    this.#owner = owner;
    this.sessionId = sessionId;
    this.runId = runId;
    this.signal = this.#controller.signal;
    this.#unsubscribe = hub.subscribe(sessionId, (frame) => this.#hear(frame));
  }

  /** @returns the epoch; above 1 when another owner had the run before */
  async own(): Promise<number> {
    const run = (await this.state()).runs[this.runId];
    if (run?.stopRequested) this.interrupt('stop');
    const epoch = (run?.epoch ?? 0) + 1;
    await this.append({ type: 'run.owned', runId: this.runId, epoch, owner: this.#owner });
    return epoch;
  }

  interrupt(kind: RunInterruption['kind']): void {
    const interruption = new RunInterruption(kind);
    if (kind !== 'stop') this.#lost ??= interruption;
    this.#controller.abort(interruption);
  }

  async append(event: EventInput): Promise<SessionEvent> {
    this.#assertOwned();
    const appended = await this.#hub.append(this.sessionId, event);
    this.#assertOwned();
    return appended;
  }

  grow(delta: Omit<Delta, 'runId'>): void {
    if (!this.#lost) this.#hub.grow(this.sessionId, { ...delta, runId: this.runId });
  }

  state(): Promise<SessionState> {
    return this.#hub.state(this.sessionId);
  }

  async answerTo(questionId: string, signal: AbortSignal): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const giveUp = (): void => reject(interruptionOf(signal));
    // Listening begins before looking, so that an answer between the two is not missed.
    this.#answers.set(questionId, resolve);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      if (signal.aborted) throw interruptionOf(signal);
      const { timeline } = await this.state();
      const asked = timeline.findLast((item) => item.kind === 'question' && item.id === questionId);
      if (asked?.kind === 'question' && asked.answer !== null)
        return { answer: asked.answer, approved: asked.approved };
      return await promise;
    } finally {
      // Nobody may be left to hear of it.
      promise.catch(() => undefined);
      signal.removeEventListener('abort', giveUp);
      this.#answers.delete(questionId);
    }
  }

  close(): void {
    this.#unsubscribe();
  }

  #hear(frame: SessionFrame): void {
    if (frame.kind !== 'event') return;
    const { event } = frame;
    if (event.type === 'run.stop.requested' && event.runId === this.runId) this.interrupt('stop');
    else if (event.type === 'run.owned' && event.runId === this.runId) {
      if (event.owner === this.#owner) this.#isOwned = true;
      else if (this.#isOwned) this.interrupt('fenced');
    } else if (event.type === 'question.answered') {
      this.#answers.get(event.questionId)?.({ answer: event.answer, approved: event.approved ?? null });
    }
  }

  #assertOwned(): void {
    if (this.#lost) throw this.#lost;
  }
}
