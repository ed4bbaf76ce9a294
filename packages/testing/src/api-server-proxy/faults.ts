/** One request as the proxy sees it. */
export interface SeenRequest {
  method: string;
  /** With query. */
  url: string;
  isWatch: boolean;
  /** A list, from its second page on. */
  isContinued: boolean;
}

/** What goes wrong with a request. The server itself is real and knows nothing of it. */
export type Fault =
  /** Answered by the proxy; the server never hears of it. */
  | { kind: 'answer'; status: number; reason?: string; message?: string; headers?: Record<string, string> }
  /** Passed on after a while. */
  | { kind: 'delay'; ms: number }
  /** The connection is closed before the server hears of it. */
  | { kind: 'refuse' }
  /** The server answers, and the answer is lost: a write has taken effect. */
  | { kind: 'lose-answer' }
  /** Nothing is passed on and nothing answered; the connection stays open. */
  | { kind: 'silence' }
  | StreamFault;

/** What goes wrong with a watch after so many of its events (0 when left out) have passed. */
export type StreamFault =
  /** The connection breaks in the middle of the next event. */
  | { kind: 'cut'; afterEvents?: number }
  /** The other end vanishes without a word: the connection stays open, and nothing comes any more. */
  | { kind: 'stall'; afterEvents?: number }
  /** An `ERROR` event: the version is no longer kept. */
  | { kind: 'expire'; afterEvents?: number }
  /** The server ends it in order. */
  | { kind: 'end'; afterEvents?: number }
  /** Every event comes twice, and after each the first one once more, late. */
  | { kind: 'repeat' };

export function isStreamFault(fault: Fault | undefined): fault is StreamFault {
  return fault !== undefined && ['cut', 'stall', 'expire', 'end', 'repeat'].includes(fault.kind);
}

/** A fault that is waiting for its requests. */
export interface Injection {
  /** How often it was applied. */
  readonly hits: number;
  remove(): void;
}
