import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { failure, reply, say } from './reply.ts';
import type { ChatRequestBody, ModelRequest, Reply } from './reply.ts';
import { StreamWriter } from './stream-writer.ts';

type ReplyOrMaker = Reply | ((request: ModelRequest) => Reply);

export interface ModelServer {
  /** What `OPENAI_BASE_URL` is set to. */
  baseUrl: string;
  /** All chat completion requests so far, in order. */
  requests: ModelRequest[];
  /**
   * Appends replies to the script: each streaming request takes the next. Requests without streaming (a title) do not use it up.
   * When nothing is left, the answer is HTTP 400, which no client tries again.
   */
  script(...replies: ReplyOrMaker[]): void;
  /** Answers every request that fits, before the script is looked at; later rules first. */
  when(fits: (request: ModelRequest) => boolean, answer: ReplyOrMaker): void;
  /** Resolves with the request of that number (0 is the first), when it has come. */
  request(number: number): Promise<ModelRequest>;
  close(): Promise<void>;
}

/** Starts an OpenAI-compatible server on a free loopback port, which answers chat completions by a script. */
export async function startModelServer(options: { port?: number } = {}): Promise<ModelServer> {
  const startedAt = performance.now();
  const requests: ModelRequest[] = [];
  const script: ReplyOrMaker[] = [];
  const rules: { fits: (request: ModelRequest) => boolean; answer: ReplyOrMaker }[] = [];
  const waiting = new Map<number, PromiseWithResolvers<ModelRequest>>();

  const choose = (request: ModelRequest): Reply => {
    const rule = rules.findLast((candidate) => candidate.fits(request));
    const chosen =
      rule?.answer ??
      (request.body.stream === true
        ? (script.shift() ?? failure(400, { message: 'The script has no reply left.' }))
        : reply(say('A scripted answer')));
    return typeof chosen === 'function' ? chosen(request) : chosen;
  };

  const server = createServer((incoming, response) => {
    void answer(incoming, response).catch(() => response.destroy());
  });

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(incoming.url ?? '/', 'http://localhost').pathname;
    if (path === '/v1/models') {
      sendJson(response, 200, { object: 'list', data: [{ id: 'scripted' }] });
      return;
    }
    if (path !== '/v1/chat/completions') {
      sendJson(response, 404, { error: { message: `No route ${path}` } });
      return;
    }
    const body = JSON.parse(await textOf(incoming)) as ChatRequestBody;
    const ended = Promise.withResolvers<boolean>();
    response.once('close', () => ended.resolve(response.writableFinished));
    const request: ModelRequest = {
      method: incoming.method ?? '',
      path,
      headers: incoming.headers,
      body,
      receivedAtMs: performance.now() - startedAt,
      ended: ended.promise,
    };
    requests.push(request);
    waiting.get(requests.length - 1)?.resolve(request);
    const chosen = choose(request);
    if (chosen.kind === 'silence') return;
    if (chosen.kind === 'failure') sendJson(response, chosen.status, chosen.body, chosen.headers);
    else if (body.stream === true) await new StreamWriter(response, body.model ?? 'scripted').write(chosen);
    else sendJson(response, 200, completionOf(chosen, body.model ?? 'scripted'));
  };

  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    script: (...replies) => void script.push(...replies),
    when: (fits, chosen) => void rules.push({ fits, answer: chosen }),
    request(number) {
      const there = requests[number];
      if (there) return Promise.resolve(there);
      const held = waiting.get(number) ?? Promise.withResolvers<ModelRequest>();
      waiting.set(number, held);
      return held.promise;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

function completionOf(chosen: Extract<Reply, { kind: 'stream' }>, model: string): unknown {
  const content = chosen.steps.flatMap((step) => (step.do === 'text' ? [...step.pieces] : [])).join('');
  return {
    id: 'scripted',
    object: 'chat.completion',
    created: 0,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  };
}

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
