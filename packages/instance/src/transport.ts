import type { Readable } from 'node:stream';
import type { Scope, Signer } from '@sandpiper/capability';
import { Pool, type Dispatcher } from 'undici';
import type { z } from 'zod';
import { answeredError, connectionError, instanceErrors } from './errors.ts';

export interface InstanceAddress {
  /** `unix:/path` or `http://host:port`. */
  address: string;
  /** Of the instance; what tokens are made out to. */
  uid: string;
  signer: Signer;
}

export interface SendOptions {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** With query, encoded. */
  path: string;
  /** No token without one. */
  scope?: Scope;
  subject?: string | undefined;
  headers?: Record<string, string>;
  /** An object is sent as JSON. */
  body?: object | Readable;
  signal?: AbortSignal | undefined;
  /** Until the first byte of the answer, and between any two later ones. */
  timeoutMs: number;
}

export interface Answer {
  status: number;
  header(name: string): string | undefined;
  body: Readable;
}

export interface JsonOptions {
  /** Further statuses that are no errors. */
  accept?: readonly number[];
  /** Sees status and headers before the body is read. */
  onAnswer?: (answer: Answer) => void;
}

/** One sandbox's connections. What comes over them is bounded and checked: whatever runs inside may answer in tool-api's place. */
export interface Transport {
  /** Where an error status came, that error is thrown; the caller reads or destroys the body. */
  send(options: SendOptions): Promise<Answer>;
  /** Reads the answer as JSON of the given shape. Throws INSTANCE_ANSWER_INVALID or INSTANCE_ANSWER_TOO_LARGE. */
  sendJson<T extends z.ZodType>(schema: T, options: SendOptions & JsonOptions): Promise<z.output<T>>;
  token(scope: Scope, subject?: string): string;
  close(): Promise<void>;
}

/** Pictures come as base64 in JSON. */
const MAX_JSON_BYTES = 32 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;
const CONNECT_TIMEOUT_MS = 5000;
/** Below the 75 s of the server, so that it is us who close an idle connection. */
const KEEP_ALIVE_MS = 60_000;

export function createTransport({ address, uid, signer }: InstanceAddress): Transport {
  const socketPath = socketPathOf(address);
  const pool = new Pool(socketPath === undefined ? new URL(address).origin : 'http://sandbox', {
    connect: { timeout: CONNECT_TIMEOUT_MS, ...(socketPath === undefined ? {} : { socketPath }) },
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  const token = (scope: Scope, subject?: string): string =>
    signer.sign({ uid, scopes: [scope], ...(subject === undefined ? {} : { subject }) });

  const sendAny = async (options: SendOptions): Promise<Answer> => {
    const { method, path, scope, subject, headers, body, signal, timeoutMs } = options;
    signal?.throwIfAborted();
    const isStream = body !== undefined && 'pipe' in body;
    try {
      const response = await pool.request({
        method,
        path,
        headers: {
          ...(scope === undefined ? {} : { authorization: `Bearer ${token(scope, subject)}` }),
          ...(body === undefined || isStream ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? null : isStream ? body : JSON.stringify(body),
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        ...(signal ? { signal } : {}),
      });
      // Destroying a body, ours or a caller's, makes undici emit an error; whoever reads it still sees it as theirs.
      response.body.on('error', () => undefined);
      return { status: response.statusCode, header: (name) => headerOf(response, name), body: response.body };
    } catch (error) {
      throw connectionError(error, signal);
    }
  };

  const send = async (options: SendOptions, accept: readonly number[] = []): Promise<Answer> => {
    const answer = await sendAny(options);
    if ((answer.status >= 200 && answer.status < 300) || answer.status === 304 || accept.includes(answer.status))
      return answer;
    if (answer.status < 400) {
      answer.body.destroy();
      throw instanceErrors.INSTANCE_ANSWER_INVALID({ why: `status ${answer.status.toString()}` });
    }
    throw answeredError(answer.status, parseJson(await readAll(answer.body, MAX_ERROR_BYTES, options.signal)));
  };

  return {
    token,
    send: (options) => send(options),
    async sendJson(schema, { accept, onAnswer, ...options }) {
      const answer = await send(options, accept);
      onAnswer?.(answer);
      if (!/^application\/json\b/.test(answer.header('content-type') ?? '')) {
        answer.body.destroy();
        throw instanceErrors.INSTANCE_ANSWER_INVALID({ why: 'it is not JSON' });
      }
      const body = parseJson(await readAll(answer.body, MAX_JSON_BYTES, options.signal));
      const parsed = schema.safeParse(body);
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      const why = issue ? `${issue.path.join('.') || 'the answer'} ${issue.message}` : 'its shape';
      throw instanceErrors.INSTANCE_ANSWER_INVALID({ why }, { cause: parsed.error });
    },
    close: () => pool.destroy(),
  };
}

/** Undefined for an address over TCP. */
export function socketPathOf(address: string): string | undefined {
  return address.startsWith('unix:') ? address.slice('unix:'.length) : undefined;
}

function headerOf({ headers }: Dispatcher.ResponseData, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function readAll(body: Readable, limitBytes: number, signal: AbortSignal | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) throw instanceErrors.INSTANCE_ANSWER_TOO_LARGE({ limitBytes });
      chunks.push(chunk);
    }
  } catch (error) {
    throw connectionError(error, signal);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
