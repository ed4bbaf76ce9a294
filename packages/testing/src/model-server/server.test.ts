import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  callTools,
  cutMidLine,
  errorInStream,
  failure,
  gate,
  hang,
  reply,
  replyWithoutDone,
  say,
  silence,
} from './index.ts';
import { startModelServer, think, tokens, usage } from './index.ts';
import type { CallStyle, ModelServer } from './index.ts';

let server: ModelServer;
let client: OpenAI;

beforeEach(async () => {
  server = await startModelServer();
  client = new OpenAI({ apiKey: 'test', baseURL: server.baseUrl, maxRetries: 0 });
});
afterEach(() => server.close());

const ask = (signal?: AbortSignal) =>
  client.chat.completions.create(
    { model: 'scripted', stream: true, messages: [{ role: 'user', content: 'hi' }] },
    signal ? { signal } : {},
  );

async function collect(stream: Awaited<ReturnType<typeof ask>>) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

describe('the real openai client reads', () => {
  test('text, thoughts, usage and the finish reason', async () => {
    server.script(reply(think('hm '), say('one two  three\n'), usage(11, 7, 3)));
    const chunks = await collect(await ask());
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('one two  three\n');
    expect(chunks[0]!.choices[0]!.delta).toMatchObject({ reasoning_content: 'hm ' });
    expect(chunks.at(-1)!.usage).toMatchObject({ prompt_tokens: 11, prompt_tokens_details: { cached_tokens: 3 } });
    expect(chunks.at(-2)!.choices[0]!.finish_reason).toBe('stop');
  });

  test.each(['openai', 'emptyLater', 'repeated', 'noIndex', 'whole'] satisfies CallStyle[])(
    'calls in the style %s',
    async (style) => {
      server.script(
        reply(callTools([{ name: 'a', arguments: { x: 'long enough for two' } }, { name: 'b' }], { style })),
      );
      const chunks = await collect(await ask());
      const text = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
      expect(text.map((call) => call.function?.arguments ?? '').join('')).toBe('{"x":"long enough for two"}');
      expect(chunks.at(-1)!.choices[0]!.finish_reason).toBe('tool_calls');
    },
  );

  test('a stream without [DONE]', async () => {
    server.script(replyWithoutDone(say('x')));
    expect(await collect(await ask())).toHaveLength(2);
  });
});

describe('failures', () => {
  test('an HTTP status with Retry-After', async () => {
    server.script(failure(429, { retryAfter: '7' }));
    const error = await ask().catch((caught: unknown) => caught as InstanceType<typeof OpenAI.APIError>);
    expect(error).toMatchObject({ status: 429 });
    expect((error as InstanceType<typeof OpenAI.APIError>).headers?.get('retry-after')).toBe('7');
  });

  test('an error object in the stream under HTTP 200', async () => {
    server.script(reply(say('x'), errorInStream('overloaded')));
    await expect(ask().then(collect)).rejects.toThrow('overloaded');
  });

  test('a line that is cut', async () => {
    server.script(reply(say('x'), cutMidLine));
    await expect(ask().then(collect)).rejects.toThrow();
  });

  test.each([
    ['before headers', silence],
    ['in mid-stream', reply(say('x'), hang)],
  ])('a hang %s, until the client gives up', async (_, scripted) => {
    server.script(scripted);
    const abort = new AbortController();
    const done = ask(abort.signal).then(collect);
    const request = await server.request(0);
    abort.abort();
    await done.catch(() => undefined);
    await expect(request.ended).resolves.toBe(false);
  });

  test('a script that is used up', async () => {
    await expect(ask()).rejects.toMatchObject({ status: 400 });
  });
});

test('a gate holds a reply until the test opens it', async () => {
  const held = gate();
  server.script(reply(say('before '), held.wait, say('after')));
  const iterator = (await ask())[Symbol.asyncIterator]();
  const next = async () => {
    const { value } = (await iterator.next()) as IteratorResult<OpenAI.ChatCompletionChunk, undefined>;
    return value?.choices[0]?.delta.content;
  };
  expect(await next()).toBe('before ');
  await held.reached;
  held.open();
  expect(await next()).toBe('after');
});

test('rules answer before the script, and requests without streaming leave it alone', async () => {
  server.script(reply(say('scripted')));
  server.when((request) => request.body.model === 'titles', reply(say('A title')));
  const title = await client.chat.completions.create({ model: 'titles', messages: [{ role: 'user', content: 'hi' }] });
  expect(title.choices[0]!.message.content).toBe('A title');
  expect((await collect(await ask()))[0]!.choices[0]!.delta.content).toBe('scripted');
});

test('keeps a pace of thousands of tokens a second', async () => {
  server.script(reply(tokens(1000, { perSecond: 4000 })));
  const startedAt = performance.now();
  expect(await collect(await ask())).toHaveLength(1001);
  const seconds = (performance.now() - startedAt) / 1000;
  expect(seconds).toBeGreaterThan(0.24);
  expect(seconds).toBeLessThan(2);
});
