import { CodedError } from '@sandpiper/protocol';
import { SandboxError, type SandboxErrorCode } from '@sandpiper/sandboxes';
import { errors } from '../errors.ts';

export function isSandboxCode(error: unknown, code: SandboxErrorCode): error is SandboxError {
  return error instanceof SandboxError && error.code === code;
}

/** What `Sandboxes` refuses, in the words of the public API. What is no refusal stays what it is. */
export function asComputerError(error: unknown): unknown {
  if (!(error instanceof SandboxError)) return error;
  const extras = { cause: error, ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }) };
  switch (error.code) {
    case 'SANDBOX_FAILED':
      return errors.COMPUTER_FAILED({ reason: error.message }, { ...extras, hint: 'Start it again to try once more.' });
    case 'SANDBOX_FINISHED':
      return errors.COMPUTER_FINISHED({}, extras);
    case 'SANDBOX_CAPACITY':
      return errors.COMPUTER_CAPACITY({ reason: error.message }, extras);
    case 'SANDBOX_TIMEOUT':
      return errors.COMPUTER_TIMEOUT({}, { ...extras, hint: error.message });
    default: {
      const { code, status, retryable, message } = error;
      return new CodedError(code, { status, retryable, message }, message, extras);
    }
  }
}
