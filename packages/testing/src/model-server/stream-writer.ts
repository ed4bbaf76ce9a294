import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Reply, Step } from './reply.ts';

type StreamReply = Extract<Reply, { kind: 'stream' }>;

/** Writes one scripted answer as Server-Sent Events of `chat.completion.chunk`s; stops when the client has gone. */
export class StreamWriter {
  readonly #response: ServerResponse;
  readonly #head: string;
  readonly #closed: Promise<unknown>;

  constructor(response: ServerResponse, model: string) {
    this.#response = response;
    // The part of a chunk that never changes, made once: bench scripts send thousands of tokens a second.
    this.#head = `data: {"id":"scripted","object":"chat.completion.chunk","created":0,"model":${JSON.stringify(model)},"choices":`;
    this.#closed = once(response, 'close').catch(() => undefined);
  }

  async write(reply: StreamReply): Promise<void> {
    this.#response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    this.#response.flushHeaders();
    this.#response.socket?.setNoDelay(true);
    // Usage comes after the finish reason, as it does from providers.
    const closing = reply.steps.filter((step) => step.do === 'usage');
    for (const step of reply.steps) {
      if (step.do === 'usage') continue;
      if ((await this.#perform(step)) === 'over') return;
    }
    if (reply.finishReason !== undefined) await this.#choice({}, reply.finishReason);
    for (const step of closing) await this.#usage(step);
    if (reply.done) await this.#send('data: [DONE]\n\n');
    this.#response.end();
  }

  /** @returns 'over' when the answer ends here */
  async #perform(step: Step): Promise<'over' | undefined> {
    switch (step.do) {
      case 'text':
        return this.#paced(step.pieces, step.everyMs, (content) => ({ content }));
      case 'reasoning':
        return this.#paced(step.pieces, step.everyMs, (text) => ({ [step.field]: text }));
      case 'toolCalls':
        return this.#paced(step.fragments, step.everyMs, (fragment) => ({ tool_calls: [fragment] }));
      case 'wait':
        await Promise.race([step.until(), this.#closed]);
        return this.#gone ? 'over' : undefined;
      case 'raw':
        await this.#send(step.bytes);
        return undefined;
      case 'error':
        await this.#send(`data: ${JSON.stringify({ error: step.error })}\n\n`);
        this.#response.end();
        return 'over';
      case 'hang':
        await this.#closed;
        return 'over';
      case 'cut':
        await this.#send('data: {"id":"scripted","object":"chat.completion.chunk","choices":[{"ind');
        // The peer has what was written before the connection goes.
        setImmediate(() => this.#response.destroy());
        return 'over';
      case 'end':
        this.#response.end();
        return 'over';
      case 'usage':
        return undefined;
    }
  }

  /** Sends one chunk for each piece at its due time; late pieces go at once, so that the rate holds whatever a timer is worth. */
  async #paced<T>(pieces: Iterable<T>, everyMs: number, delta: (piece: T) => object): Promise<'over' | undefined> {
    const startedAt = performance.now();
    const iterator = pieces[Symbol.iterator]();
    for (let sent = 0; ; sent++) {
      const dueInMs = startedAt + sent * everyMs - performance.now();
      if (dueInMs > 0) await Promise.race([delay(dueInMs), this.#closed]);
      // Without a pace, others still get their turn.
      else if (sent % 256 === 255) await new Promise(setImmediate);
      if (this.#gone) return 'over';
      // Made when it is due, so that a piece may carry the time at which it left.
      const piece = iterator.next();
      if (piece.done) return undefined;
      await this.#choice(delta(piece.value), null);
    }
  }

  async #choice(delta: object, finishReason: string | null): Promise<void> {
    await this.#send(
      `${this.#head}[{"index":0,"delta":${JSON.stringify(delta)},"finish_reason":${JSON.stringify(finishReason)}}]}\n\n`,
    );
  }

  async #usage(step: Extract<Step, { do: 'usage' }>): Promise<void> {
    const usage = {
      prompt_tokens: step.inputTokens,
      completion_tokens: step.outputTokens,
      total_tokens: step.inputTokens + step.outputTokens,
      ...(step.cachedTokens === undefined ? {} : { prompt_tokens_details: { cached_tokens: step.cachedTokens } }),
    };
    await this.#send(`${this.#head}[],"usage":${JSON.stringify(usage)}}\n\n`);
  }

  async #send(bytes: string): Promise<void> {
    if (this.#gone || this.#response.write(bytes)) return;
    await Promise.race([once(this.#response, 'drain').catch(() => undefined), this.#closed]);
  }

  get #gone(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }
}

const delay = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));
