import type { AnswerRequest, StartRunRequest, StartRunResponse } from '@sandpiper/protocol';

/** Runs of the agent: started by a message, independent of any connection, owned by one replica at a time. */
export interface Runs {
  /** Returns as soon as message and run are in the log. The same key again answers what it answered first. Throws `RUN_ACTIVE`. */
  start(sessionId: string, request: StartRunRequest, idempotencyKey: string): Promise<StartRunResponse>;
  /** Ends a run wherever it is: before the first token, in a tool (whose processes die), while it waits. Idempotent. */
  stop(sessionId: string, runId: string): Promise<void>;
  /** Throws `QUESTION_NOT_OPEN`. */
  answer(sessionId: string, answer: AnswerRequest): Promise<void>;
  /** Takes over every run that has no living owner: closes what was open as interrupted, tells the model, goes on. */
  resume(): Promise<void>;
  /** Lets go of all runs without ending them, so that a next owner goes on. */
  close(): Promise<void>;
}
