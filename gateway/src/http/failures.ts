import { CodedError, type ErrorEnvelope } from '@sandpiper/protocol';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { errors } from '../errors.ts';

/** The last route: whatever nobody answered. */
export const notFound: RequestHandler = (request) => {
  throw errors.ROUTE_NOT_FOUND({ method: request.method, path: request.path.slice(0, 200) });
};

/** Turns every error into the one envelope. What nobody expected is logged here, once, and told to nobody. */
export function createFailureHandler(log: Logger): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, request, response, _next) => {
    const known = error instanceof CodedError ? error : refusalOf(error);
    if (!known)
      log.error(
        { err: error, requestId: requestIdOf(response), method: request.method, path: request.path },
        'request failed',
      );
    // Half an answer cannot be taken back; cutting it off is how the client learns that it is not whole.
    if (response.headersSent) return void response.destroy();
    const failure = known ?? errors.INTERNAL({ requestId: requestIdOf(response) });
    const { retryAfterMs } = failure.extras;
    if (retryAfterMs !== undefined) response.set('Retry-After', String(Math.ceil(retryAfterMs / 1000)));
    sendEnvelope(response, failure.status, failure.toEnvelope());
  };
}

export function sendEnvelope(response: Response, status: number, envelope: ErrorEnvelope): void {
  response.status(status).set('Cache-Control', 'no-store').json(envelope);
}

export function requestIdOf(response: Response): string {
  const { requestId } = response.locals as { requestId?: unknown };
  return typeof requestId === 'string' ? requestId : '-';
}

/** What express and its body parser refuse; their errors carry a status and a type. */
function refusalOf(error: unknown): CodedError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { type, status, limit } = error as { type?: unknown; status?: unknown; limit?: unknown };
  if (type === 'entity.parse.failed') return errors.MALFORMED_JSON({ reason: error.message.slice(0, 200) });
  if (type === 'entity.too.large') return errors.BODY_TOO_LARGE({ limitBytes: typeof limit === 'number' ? limit : 0 });
  // A broken percent-escape, an unknown charset, a body shorter than announced: the client's fault, in express's words.
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined;
  return errors.INVALID_REQUEST({ summary: error.message.slice(0, 200) });
}
