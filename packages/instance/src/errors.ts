import { CodedError, defineErrors, errorEnvelope } from '@sandpiper/protocol';

export const instanceErrors = defineErrors({
  INSTANCE_UNREACHABLE: {
    status: 503,
    retryable: true,
    message: 'The sandbox cannot be reached: {why}.',
  },
  INSTANCE_TIMEOUT: { status: 504, retryable: true, message: 'The sandbox did not answer in time.' },
  INSTANCE_ANSWER_INVALID: { status: 502, message: 'The sandbox gave an answer that makes no sense: {why}.' },
  INSTANCE_ANSWER_TOO_LARGE: { status: 502, message: 'The sandbox gave an answer of more than {limitBytes} bytes.' },
  /** Not passed on as 401: that would tell a person to sign in again, who has nothing to do with it. */
  INSTANCE_REFUSED: { status: 502, message: 'The sandbox does not accept our token: {why}' },
  NOT_A_FILE: { status: 409, message: '{path} is not a regular file.' },
  NOT_A_FOLDER: { status: 409, message: '{path} is not a folder.' },
});

const MAX_MESSAGE_CHARS = 2000;

/**
 * The error that a sandbox answered with. Its code, message and hint are the sandbox's own words, cut to a sane length; the status is
 * one of 4xx and 5xx whatever it said.
 */
export function answeredError(status: number, body: unknown): CodedError {
  const parsed = errorEnvelope.safeParse(body);
  if (!parsed.success)
    return instanceErrors.INSTANCE_ANSWER_INVALID({ why: `status ${status.toString()} without an error envelope` });
  const { code, message, retryable, errno, hint, issues } = parsed.data;
  if (status === 401 || code === 'SCOPE_DENIED') return instanceErrors.INSTANCE_REFUSED({ why: cut(message) });
  const isError = status >= 400 && status <= 599;
  return new CodedError(cut(code), { status: isError ? status : 502, message: '', retryable }, cut(message), {
    ...(errno === undefined ? {} : { errno: cut(errno) }),
    ...(hint === undefined ? {} : { hint: cut(hint) }),
    ...(issues === undefined
      ? {}
      : { issues: issues.slice(0, 50).map(({ path, message: why }) => ({ path: cut(path), message: cut(why) })) }),
  });
}

/** A failure of the connection itself, as one of ours; an abort by the caller stays what it is. */
export function connectionError(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof CodedError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/^UND_ERR_(HEADERS|BODY|CONNECT)_TIMEOUT$/.test(code))
    return instanceErrors.INSTANCE_TIMEOUT({}, { cause: error });
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return error;
  const why = code || (error instanceof Error ? error.message : String(error));
  return instanceErrors.INSTANCE_UNREACHABLE({ why }, { cause: error });
}

function cut(text: string): string {
  return text.length > MAX_MESSAGE_CHARS ? `${text.slice(0, MAX_MESSAGE_CHARS)}…` : text;
}
