import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { KubeError } from './kube-error.ts';

export interface HttpRequest {
  /** Scheme, host and port. */
  origin: string;
  method: string;
  /** With query. */
  path: string;
  headers: Record<string, string>;
  body?: string | Buffer | undefined;
  /** For all of the answer; of a stream, for its head. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** Called when it has its connection; throws to stop it. */
  beforeSend?: (() => void) | undefined;
}

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/**
 * Sends one request and takes the whole answer, whatever its status. Below `undici.request`, because without its streams, signals
 * and promises a call costs half the CPU.
 *
 * @throws KubeError `Timeout` or `Unreachable`; the signal's reason when it aborts
 */
export function exchange(dispatcher: Dispatcher, request: HttpRequest): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const chunks: Buffer[] = [];
  let status = 0;
  let headers: IncomingHttpHeaders = {};
  const cut = cutter(request, reject);

  dispatcher.dispatch(dispatchOptions(request), {
    onRequestStart: cut.attach,
    onResponseStart(_controller, statusCode, responseHeaders) {
      status = statusCode;
      headers = responseHeaders;
    },
    onResponseData: (_controller, chunk) => void chunks.push(chunk),
    onResponseEnd() {
      cut.release();
      const [first] = chunks;
      const body = first && chunks.length === 1 ? first : Buffer.concat(chunks);
      resolve({ status, headers, body: body.toString('utf8') });
    },
    onResponseError(_controller, error) {
      cut.release();
      reject(unreachable(error));
    },
  });
  return promise;
}

/** What ends a request early: the time-out or the caller's signal. */
export interface Cutter {
  /** Called with the controller once the request has a connection. */
  attach: (controller: Dispatcher.DispatchController) => void;
  /** Ends the request with this error. */
  cut: (error: Error) => void;
  stopTimer: () => void;
  /** To be called at the end of the request. */
  release: () => void;
}

export function cutter(
  { timeoutMs, signal, beforeSend, method, path }: HttpRequest,
  onCut: (error: Error) => void,
): Cutter {
  let controller: Dispatcher.DispatchController | undefined;
  let reason: Error | undefined;

  const cut = (error: Error): void => {
    if (reason) return;
    reason = error;
    // The caller is told at once: a request that still waits for a connection cannot be aborted before it starts.
    onCut(error);
    controller?.abort(error);
  };
  const timer = setTimeout(() => cut(timedOut(method, path, timeoutMs)), timeoutMs);
  const onAbort = (): void => cut(signal?.reason as Error);
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });

  return {
    attach(started) {
      controller = started;
      if (reason) controller.abort(reason);
      else tryOr(beforeSend, cut);
    },
    cut,
    stopTimer: () => clearTimeout(timer),
    release() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
  };
}

function tryOr(run: (() => void) | undefined, otherwise: (error: Error) => void): void {
  try {
    run?.();
  } catch (error) {
    otherwise(error instanceof Error ? error : new Error(String(error)));
  }
}

export function dispatchOptions({ origin, method, path, headers, body }: HttpRequest): Dispatcher.DispatchOptions {
  return { origin, method, path, headers, ...(body !== undefined && { body }) };
}

export function unreachable(error: Error): KubeError {
  return error instanceof KubeError
    ? error
    : new KubeError(`The API server cannot be reached: ${error.message}`, {
        status: 0,
        reason: 'Unreachable',
        cause: error,
      });
}

function timedOut(method: string, path: string, timeoutMs: number): KubeError {
  return new KubeError(`The API server did not answer ${method} ${path} within ${timeoutMs} ms.`, {
    status: 0,
    reason: 'Timeout',
  });
}
