/** Why there is no computer, by stable codes. */
export const sandboxErrorCodes = {
  SANDBOX_NOT_FOUND: { status: 404, retryable: false },
  SANDBOX_INVALID: { status: 400, retryable: false },
  SANDBOX_FAILED: { status: 503, retryable: false },
  SANDBOX_FINISHED: { status: 410, retryable: false },
  SANDBOX_DELETING: { status: 409, retryable: true },
  SANDBOX_SUSPENDED: { status: 409, retryable: true },
  SANDBOX_TIMEOUT: { status: 504, retryable: true },
  SANDBOX_ABORTED: { status: 499, retryable: true },
  SANDBOX_LIMIT: { status: 503, retryable: true },
  SANDBOX_CAPACITY: { status: 503, retryable: true },
  SANDBOXES_UNAVAILABLE: { status: 503, retryable: true },
  SANDBOXES_CLOSED: { status: 503, retryable: true },
} as const;
export type SandboxErrorCode = keyof typeof sandboxErrorCodes;

/** An expected refusal of `Sandboxes`: which one, and in a sentence what to do. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
  readonly code: SandboxErrorCode;
  /** HTTP status of a response that carries it. */
  readonly status: number;
  readonly retryable: boolean;
  /** After how long it is worth asking again, where that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(code: SandboxErrorCode, message: string, options?: ErrorOptions & { retryAfterMs?: number }) {
    super(message, options);
    this.code = code;
    this.status = sandboxErrorCodes[code].status;
    this.retryable = sandboxErrorCodes[code].retryable;
    this.retryAfterMs = options?.retryAfterMs;
  }
}
