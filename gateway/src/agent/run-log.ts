import type { Delta, EventInput, SessionEvent, SessionState } from '@sandpiper/protocol';

/** Why a run's work is broken off; the `reason` of its abort signal. */
export class RunInterruption extends Error {
  override readonly name = 'RunInterruption';
  /**
   * `stop`: the person wants it to end. `fenced`: another owner has it, and nothing more may be written.
   * `closing`: this process ends; what is open stays open for the next owner.
   */
  readonly kind: 'stop' | 'fenced' | 'closing';

  constructor(kind: 'stop' | 'fenced' | 'closing') {
    super(`The run was interrupted: ${kind}`);
    this.kind = kind;
  }
}

/** The session's log as the owner of one run writes it. */
export interface RunLog {
  readonly sessionId: string;
  readonly runId: string;
  /** Throws `RunInterruption` (`fenced`) once another owner has the run, and (`closing`) once it was let go. */
  append(event: EventInput): Promise<SessionEvent>;
  grow(delta: Omit<Delta, 'runId'>): void;
  state(): Promise<SessionState>;
  /** Resolves with the answer to a question, given already or in the future; rejects when the signal aborts. */
  answerTo(questionId: string, signal: AbortSignal): Promise<{ answer: string; approved: boolean | null }>;
}
