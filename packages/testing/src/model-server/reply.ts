/** What a chat completion request asked for, as far as scripts look at it; `body` is all of it. */
export interface ModelRequest {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: ChatRequestBody;
  /** Milliseconds since the server started. */
  receivedAtMs: number;
  /** Resolves when the response was finished (true) or the client went away before (false). */
  ended: Promise<boolean>;
}

export interface ChatRequestBody {
  model?: string;
  stream?: boolean;
  messages?: ChatMessage[];
  tools?: { type: string; function: { name: string; description?: string; parameters?: unknown } }[];
  [field: string]: unknown;
}

export interface ChatMessage {
  role: string;
  content?: string | { type: string; text?: string; image_url?: { url: string } }[] | null;
  tool_calls?: { id: string; type: string; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
}

/** One thing that a scripted response does, in order. */
export type Step =
  | { do: 'text'; pieces: Iterable<string>; everyMs: number }
  | { do: 'reasoning'; pieces: Iterable<string>; everyMs: number; field: 'reasoning_content' | 'reasoning' }
  | { do: 'toolCalls'; fragments: ToolCallFragment[]; everyMs: number }
  | { do: 'usage'; inputTokens: number; outputTokens: number; cachedTokens?: number }
  | { do: 'wait'; until: () => Promise<unknown> }
  | { do: 'raw'; bytes: string }
  /** An error object in the stream, under HTTP 200, as OpenRouter and others send it. */
  | { do: 'error'; error: Record<string, unknown> }
  /** Nothing more, with the connection open. */
  | { do: 'hang' }
  /** The connection ends in the middle of a line. */
  | { do: 'cut' }
  /** The response ends without a finish reason and without `[DONE]`. */
  | { do: 'end' };

/** One element of `delta.tool_calls`, exactly as it travels: any part may be missing or empty. */
export interface ToolCallFragment {
  index?: number;
  id?: string;
  type?: 'function';
  function?: { name?: string; arguments?: string };
}

/** A whole response. */
export type Reply =
  | { kind: 'stream'; steps: Step[]; finishReason: string | undefined; done: boolean }
  | { kind: 'failure'; status: number; headers: Record<string, string>; body: unknown }
  | { kind: 'silence' };

/** A streamed answer that does `steps`, then says why it finished, then `[DONE]`. */
export function reply(...steps: Step[]): Reply {
  const calls = steps.some((step) => step.do === 'toolCalls');
  return { kind: 'stream', steps, finishReason: calls ? 'tool_calls' : 'stop', done: true };
}

/** The same without the closing `[DONE]`. */
export function replyWithoutDone(...steps: Step[]): Reply {
  return { ...(reply(...steps) as Extract<Reply, { kind: 'stream' }>), done: false };
}

/** An answer by HTTP status alone. */
export function failure(status: number, options: { retryAfter?: string; message?: string; code?: string } = {}): Reply {
  return {
    kind: 'failure',
    status,
    headers: options.retryAfter === undefined ? {} : { 'retry-after': options.retryAfter },
    body: { error: { message: options.message ?? `Scripted ${status}`, type: 'scripted', code: options.code ?? null } },
  };
}

/** Accepts the request and never answers, not even with headers. */
export const silence: Reply = { kind: 'silence' };

/** Text in pieces of `pieceChars` UTF-16 units (default: by word), one every `everyMs` (default 0: as fast as they are taken). */
export function say(text: string, options: { pieceChars?: number; everyMs?: number } = {}): Step {
  return { do: 'text', pieces: piecesOf(text, options.pieceChars), everyMs: options.everyMs ?? 0 };
}

/** `count` tokens made by `token(index)` at the moment they are sent, `perSecond` of them (default: as fast as they are taken). */
export function tokens(count: number, options: { perSecond?: number; token?: (index: number) => string } = {}): Step {
  const token = options.token ?? ((index) => `t${index} `);
  function* generate(): Generator<string> {
    for (let index = 0; index < count; index++) yield token(index);
  }
  // A fresh iterator for each response that uses the step.
  const pieces = { [Symbol.iterator]: generate };
  return { do: 'text', pieces, everyMs: options.perSecond === undefined ? 0 : 1000 / options.perSecond };
}

export function think(
  text: string,
  options: { field?: 'reasoning_content' | 'reasoning'; pieceChars?: number; everyMs?: number } = {},
): Step {
  return {
    do: 'reasoning',
    pieces: piecesOf(text, options.pieceChars),
    everyMs: options.everyMs ?? 0,
    field: options.field ?? 'reasoning_content',
  };
}

/** The chunk with usage and no choices that closes a stream asked for with `include_usage`. */
export function usage(inputTokens: number, outputTokens: number, cachedTokens?: number): Step {
  return { do: 'usage', inputTokens, outputTokens, ...(cachedTokens === undefined ? {} : { cachedTokens }) };
}

export function errorInStream(message: string, code: string | number = 'server_error'): Step {
  return { do: 'error', error: { message, code } };
}

export const hang: Step = { do: 'hang' };
export const cutMidLine: Step = { do: 'cut' };
export const endWithoutFinish: Step = { do: 'end' };

export interface Gate {
  /** The step that waits until `open()`. */
  wait: Step;
  /** Resolves when a response has come to the gate. */
  reached: Promise<unknown>;
  open(): void;
}

/** A point in a reply at which the server waits for the test. */
export function gate(): Gate {
  const released = Promise.withResolvers<undefined>();
  const reached = Promise.withResolvers<undefined>();
  return {
    wait: {
      do: 'wait',
      until() {
        reached.resolve(undefined);
        return released.promise;
      },
    },
    reached: reached.promise,
    open: () => released.resolve(undefined),
  };
}

function piecesOf(text: string, pieceChars?: number): string[] {
  if (pieceChars === undefined) return text.match(/\s*\S+\s*$|\s*\S+|\s+$/g) ?? [];
  return Array.from({ length: Math.ceil(text.length / pieceChars) }, (_, index) =>
    text.slice(index * pieceChars, (index + 1) * pieceChars),
  );
}
