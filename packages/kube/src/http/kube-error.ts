/** What the API server says about a refusal: the fields of a `Status` that are worth knowing. */
export interface KubeErrorDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: { reason?: string; message?: string; field?: string }[];
  retryAfterSeconds?: number;
}

export interface KubeErrorInit {
  /** HTTP status; 0 when no answer came. */
  status: number;
  /** As the API server names it (`NotFound`, `Conflict` …); `Unreachable`, `Timeout`, `BadAnswer` and `NoCredentials` are our own. */
  reason: string;
  details?: KubeErrorDetails | undefined;
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/** A call that the API server refused or did not answer. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly status: number;
  readonly reason: string;
  readonly details: KubeErrorDetails | undefined;
  /** How long the server asks to wait before the next attempt. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { status, reason, details, retryAfterMs, cause }: KubeErrorInit) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.reason = reason;
    this.details = details;
    this.retryAfterMs = retryAfterMs;
  }
}

// The status is part of each predicate's type, so that its false branch still knows a KubeError.
type WithStatus<Status extends number> = KubeError & { readonly status: Status };

export const isNotFound = (error: unknown): error is WithStatus<404> => hasStatus(error, 404);
export const isForbidden = (error: unknown): error is WithStatus<403> => hasStatus(error, 403);
export const isInvalid = (error: unknown): error is WithStatus<422> => hasStatus(error, 422);
export const isTooManyRequests = (error: unknown): error is WithStatus<429> => hasStatus(error, 429);

/** The version asked for is no longer kept: list again. */
export const isGone = (error: unknown): error is WithStatus<410> => hasStatus(error, 410);

/** Somebody else has written meanwhile, or a precondition does not hold. */
export const isConflict = (error: unknown): error is WithStatus<409> =>
  hasStatus(error, 409) && error.reason !== 'AlreadyExists';

export const isAlreadyExists = (error: unknown): error is WithStatus<409> & { readonly reason: 'AlreadyExists' } =>
  hasStatus(error, 409) && error.reason === 'AlreadyExists';

/** No answer: whether a write took effect is not known. */
export const isUnanswered = (error: unknown): error is WithStatus<0> => hasStatus(error, 0);

/** Makes the error of an answer with a status of 400 or above, from its body, whatever that is. */
export function errorOfAnswer(status: number, body: string, retryAfter?: string | string[]): KubeError {
  const said = parseStatus(body);
  return new KubeError(said?.message ?? `The API server answered ${status}: ${body.slice(0, 300)}`, {
    status,
    reason: said?.reason ?? reasonOf(status),
    details: said?.details,
    retryAfterMs: retryAfterMsOf(retryAfter) ?? secondsToMs(said?.details?.retryAfterSeconds),
  });
}

/** Makes the error of a `Status` that came as an event of a watch. */
export function errorOfStatus(said: unknown): KubeError {
  const { code, reason, message, details } = said as Status;
  const status = code ?? 500;
  return new KubeError(message ?? 'The API server ended the watch.', {
    status,
    reason: reason ?? reasonOf(status),
    details,
    retryAfterMs: secondsToMs(details?.retryAfterSeconds),
  });
}

interface Status {
  kind?: string;
  code?: number;
  reason?: string;
  message?: string;
  details?: KubeErrorDetails;
}

function hasStatus<Status extends number>(error: unknown, status: Status): error is WithStatus<Status> {
  return error instanceof KubeError && error.status === status;
}

function parseStatus(body: string): Status | undefined {
  try {
    const said = JSON.parse(body) as Status | null;
    return said?.kind === 'Status' ? said : undefined;
  } catch {
    return undefined;
  }
}

/** Names for answers that carry no `Status`, e.g. of a load balancer. */
function reasonOf(status: number): string {
  const reasons: Record<number, string> = {
    400: 'BadRequest',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'NotFound',
    409: 'Conflict',
    410: 'Expired',
    422: 'Invalid',
    429: 'TooManyRequests',
    503: 'ServiceUnavailable',
    504: 'Timeout',
  };
  return reasons[status] ?? (status >= 500 ? 'InternalError' : 'Unknown');
}

/** Seconds only: the API server never sends the form with a date. */
function retryAfterMsOf(header: string | string[] | undefined): number | undefined {
  const seconds = Number(Array.isArray(header) ? header[0] : header);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

function secondsToMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
