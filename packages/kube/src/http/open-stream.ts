import type { Dispatcher } from 'undici';
import { cutter, dispatchOptions, unreachable, type HttpAnswer, type HttpRequest } from './exchange.ts';

/** An answer whose body comes in pieces. `error` tells of a refusal, whose body was read whole. */
export type HttpStream =
  | { kind: 'refused'; answer: HttpAnswer }
  | { kind: 'open'; headers: HttpAnswer['headers']; lines: AsyncIterable<string> };

/** Above this many waiting characters the server is told to wait. */
const HIGH_WATER_CHARS = 4 * 1024 * 1024;

/**
 * Sends one request and hands over its answer line by line, as they come. The time-out covers the head alone; whoever iterates decides
 * how long silence may last, and ends the request by the signal or by leaving the loop.
 *
 * @throws KubeError `Timeout` or `Unreachable`, also while iterating; the signal's reason when it aborts
 */
export function openLines(dispatcher: Dispatcher, request: HttpRequest): Promise<HttpStream> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpStream>();
  const lines = new LineQueue();
  let status = 0;
  let headers: HttpAnswer['headers'] = {};
  const refusal: Buffer[] = [];
  const fail = (error: Error): void => {
    reject(error);
    lines.end(error);
  };
  const cut = cutter(request, fail);
  lines.onLeave = () => cut.cut(new Error('nobody listens any more'));

  dispatcher.dispatch(dispatchOptions(request), {
    onRequestStart(controller) {
      lines.controller = controller;
      cut.attach(controller);
    },
    onResponseStart(_controller, statusCode, responseHeaders) {
      status = statusCode;
      headers = responseHeaders;
      if (status !== 200) return;
      cut.stopTimer();
      resolve({ kind: 'open', headers, lines });
    },
    onResponseData(_controller, chunk) {
      if (status === 200) lines.push(chunk);
      else refusal.push(chunk);
    },
    onResponseEnd() {
      cut.release();
      lines.end();
      resolve({ kind: 'refused', answer: { status, headers, body: Buffer.concat(refusal).toString('utf8') } });
    },
    onResponseError(_controller, error) {
      cut.release();
      fail(unreachable(error));
    },
  });
  return promise;
}

/** Cuts chunks into lines and holds them until they are taken. A piece without line end, at the end of the stream, is dropped: it was cut. */
class LineQueue implements AsyncIterable<string> {
  controller: Dispatcher.DispatchController | undefined;
  onLeave: () => void = () => undefined;
  #lines: string[] = [];
  #next = 0;
  #chars = 0;
  #partial = '';
  readonly #decoder = new TextDecoder();
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  push(chunk: Buffer): void {
    const text = this.#decoder.decode(chunk, { stream: true });
    let from = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      const line = this.#partial + text.slice(from, end);
      this.#partial = '';
      from = end + 1;
      if (line === '') continue;
      this.#lines.push(line);
      this.#chars += line.length;
    }
    this.#partial += text.slice(from);
    if (this.#chars > HIGH_WATER_CHARS) this.controller?.pause();
    this.#wake?.();
  }

  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void> {
    try {
      for (;;) {
        while (this.#next < this.#lines.length) {
          const line = this.#lines[this.#next++] ?? '';
          this.#chars -= line.length;
          yield line;
        }
        this.#lines = [];
        this.#next = 0;
        if (this.controller?.paused) this.controller.resume();
        if (this.#error) throw this.#error;
        if (this.#ended) return;
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = undefined;
      }
    } finally {
      if (!this.#ended) this.onLeave();
    }
  }
}
