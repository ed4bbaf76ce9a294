/** Why the process driver refused, by stable codes. */
export type ProcessDriverErrorCode =
  /** This machine cannot confine a sandbox, and nobody accepted to run without. */
  | 'CONFINEMENT_UNAVAILABLE'
  /** An identity cannot reach files it needs. */
  | 'UNREACHABLE'
  | 'UIDS_EXHAUSTED'
  | 'WORKSPACE_INVALID'
  | 'WORKSPACE_MISSING'
  | 'WORKSPACE_IN_USE'
  | 'START_FAILED';

/** An expected refusal of the process driver: its message names the thing, `hint` the way out. */
export class ProcessDriverError extends Error {
  override readonly name = 'ProcessDriverError';
  readonly code: ProcessDriverErrorCode;
  readonly hint: string | undefined;

  constructor(code: ProcessDriverErrorCode, message: string, options: ErrorOptions & { hint?: string } = {}) {
    super(message, options);
    this.code = code;
    this.hint = options.hint;
  }
}
