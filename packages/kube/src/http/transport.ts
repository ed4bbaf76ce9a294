import type { KubeConfig } from '@kubernetes/client-node';
import { createClockSkew } from './clock-skew.ts';
import { createConnections } from './connections.ts';
import { createCredentialSource, type Credentials } from './credentials.ts';
import { exchange, type HttpAnswer, type HttpRequest } from './exchange.ts';
import { errorOfAnswer, isUnanswered, KubeError } from './kube-error.ts';
import { openLines } from './open-stream.ts';
import { wait } from '../time/wait.ts';

/** What is told of every request that went out, retries included. */
export interface RequestReport {
  method: string;
  /** get, list, watch, create, update, patch, apply, delete, or raw. */
  verb: string;
  /** The plural, or undefined for a raw path. */
  resource: string | undefined;
  subresource: string | undefined;
  /** HTTP status; 0 when no answer came. */
  status: number;
  /** Of a watch: until its head came. */
  durationMs: number;
}

export interface TransportOptions {
  userAgent: string;
  timeoutMs: number;
  maxConnections: number;
  onRequest?: ((report: RequestReport) => void) | undefined;
}

export interface TransportRequest {
  verb: string;
  resource?: string | undefined;
  subresource?: string | undefined;
  method: string;
  path: string;
  contentType?: string | undefined;
  headers?: Record<string, string> | undefined;
  body?: string | Buffer | undefined;
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  beforeSend?: (() => void) | undefined;
}

/** One API server as seen with one set of credentials: sends, waits where the server asks to, and tells of what it did. */
export interface Transport {
  readonly clockSkewMs: number | undefined;
  /** Any answer, refusals included. */
  send(request: TransportRequest): Promise<HttpAnswer>;
  /** The lines of a stream. Rejects with the KubeError of a refusal. */
  lines(request: TransportRequest): Promise<AsyncIterable<string>>;
  close(): Promise<void>;
}

/** Attempts of one call at most, the first included. */
const MAX_ATTEMPTS = 5;

export function createTransport(config: KubeConfig, options: TransportOptions): Transport {
  const server = new URL(config.getCurrentCluster()?.server ?? missingCluster());
  // Some proxies in front of API servers (Rancher) serve each below a path of its own.
  const prefix = server.pathname.replace(/\/$/, '');
  const credentials = createCredentialSource(config);
  const connections = createConnections(server.origin, options.maxConnections);
  const skew = createClockSkew();
  const closing = new AbortController();

  /** One attempt by `run`, reported and timed. */
  const attempt = async <A extends { status: number; headers: HttpAnswer['headers'] }>(
    request: TransportRequest,
    current: Credentials,
    deadline: number,
    run: (credentials: Credentials, request: HttpRequest) => Promise<A>,
  ): Promise<A> => {
    const startedAt = performance.now();
    let status = 0;
    try {
      const answer = await run(current, {
        origin: server.origin,
        method: request.method,
        path: prefix + request.path,
        headers: headersOf(request, options.userAgent, current),
        body: request.body,
        timeoutMs: Math.max(1, deadline - startedAt),
        signal: request.signal,
        beforeSend: request.beforeSend,
      });
      status = answer.status;
      skew.note(answer.headers.date, performance.now() - startedAt);
      return answer;
    } finally {
      const { method, verb, resource, subresource } = request;
      const durationMs = performance.now() - startedAt;
      options.onRequest?.({ method, verb, resource, subresource, status, durationMs });
    }
  };

  const persist = async <A extends { status: number; headers: HttpAnswer['headers'] }>(
    request: TransportRequest,
    run: (credentials: Credentials, request: HttpRequest) => Promise<A>,
  ): Promise<A> => {
    const deadline = performance.now() + (request.timeoutMs ?? options.timeoutMs);
    let renewed = false;
    for (let attempts = 1; ; attempts++) {
      request.signal?.throwIfAborted();
      if (closing.signal.aborted) throw new KubeError('The client is closed.', { status: 0, reason: 'Unreachable' });
      const known = credentials.current();
      const current = known instanceof Promise ? await known.catch(withoutCredentials) : known;
      let answer: A;
      try {
        answer = await attempt(request, current, deadline, run);
      } catch (error) {
        // The server may drop an idle connection just when it is used again.
        if (attempts < 3 && isRead(request) && isUnanswered(error) && error.reason === 'Unreachable') continue;
        throw error;
      }
      if (answer.status === 401 && !renewed) {
        renewed = true;
        if (await credentials.renew(current).catch(withoutCredentials)) continue;
      }
      const waitMs = waitBeforeRetry(request, answer);
      if (waitMs === undefined || attempts >= MAX_ATTEMPTS || performance.now() + waitMs >= deadline) return answer;
      await wait(waitMs, request.signal, closing.signal);
    }
  };

  return {
    get clockSkewMs() {
      return skew.ms;
    },
    send: (request) => persist(request, (current, sent) => exchange(connections.forCalls(current), sent)),
    async lines(request) {
      const { lines, status, body, headers } = await persist(request, async (current, sent) => {
        const stream = await openLines(connections.forWatches(current), sent);
        if (stream.kind === 'open') return { status: 200, headers: stream.headers, lines: stream.lines, body: '' };
        return { ...stream.answer, lines: undefined };
      });
      if (!lines) throw errorOfAnswer(status, body, headers['retry-after']);
      return lines;
    },
    async close() {
      closing.abort();
      await connections.close();
    },
  };
}

function headersOf(request: TransportRequest, userAgent: string, credentials: Credentials): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': userAgent, ...request.headers };
  Object.assign(headers, credentials.headers);
  if (request.contentType !== undefined) headers['content-type'] = request.contentType;
  return headers;
}

/**
 * 429 was refused before anything was done, so that every verb may try again; a 503 may come from something behind the server, which
 * has perhaps written. Both only where the server says when. An eviction's 429 speaks of a disruption budget, not of load.
 */
function waitBeforeRetry(request: TransportRequest, { status, headers }: HttpAnswer | Omit<HttpAnswer, 'body'>) {
  const isRetryable = (status === 429 && request.subresource !== 'eviction') || (status === 503 && isRead(request));
  if (!isRetryable || headers['retry-after'] === undefined) return undefined;
  return errorOfAnswer(status, '', headers['retry-after']).retryAfterMs;
}

function isRead({ method }: TransportRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** A token file cannot be read, or an exec plugin failed. */
function withoutCredentials(cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause);
  throw new KubeError(`There are no credentials for the API server: ${why}`, {
    status: 0,
    reason: 'NoCredentials',
    cause,
  });
}

function missingCluster(): never {
  throw new Error('The Kubernetes configuration names no cluster: load it with loadKubeConfig.');
}
