import { applyDelta, reduce } from '@sandpiper/protocol';
import type { SessionState } from '@sandpiper/protocol';
import {
  cutMidLine,
  endWithoutFinish,
  errorInStream,
  failure,
  fragments,
  hang,
  reply,
  say,
  silence,
} from '@sandpiper/testing';
import type { Reply } from '@sandpiper/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { echo, outcomeOf, runToEnd, sentTo, textOf, typesOf } from './testing/looking.ts';
import type { FinishedRun } from './testing/looking.ts';
import { ended, startRunBench } from './testing/run-bench.ts';
import type { BenchOptions, RunBench } from './testing/run-bench.ts';

let bench: RunBench;
afterEach(() => bench.close());

async function run(replies: Reply[], options: BenchOptions = {}): Promise<FinishedRun> {
  bench = await startRunBench(options);
  return runToEnd(bench, replies);
}

describe('a provider that fails', () => {
  test.each([
    [401, 'PROVIDER_UNAUTHORIZED', /TEST_API_KEY/],
    [402, 'PROVIDER_QUOTA_EXCEEDED', /Test Provider/],
    [404, 'PROVIDER_MODEL_UNKNOWN', /scripted/],
    [400, 'PROVIDER_REJECTED', /Test Provider/],
  ])('with %i: the run ends at once, and says which and why', async (status, code, message) => {
    const { events, id } = await run([failure(status)]);
    expect(outcomeOf(events)).toMatchObject({
      outcome: 'failed',
      error: { code, message: expect.stringMatching(message) as string },
    });
    // The conversation goes on.
    bench.model.script(reply(say('back')));
    await bench.runs.start(id, { text: 'again' }, 'k2');
    expect((await bench.until(id, ended)).timeline.at(-1)).toMatchObject({ kind: 'assistant', text: 'back' });
  });

  test('with 429: waits as long as it was told, shows that, and tries again', async () => {
    const startedAt = performance.now();
    const { events } = await run([failure(429, { retryAfter: '1' }), reply(say('now'))]);
    expect(performance.now() - startedAt).toBeGreaterThan(990);
    expect(events.find((event) => event.type === 'run.retried')).toMatchObject({
      attempt: 2,
      maxAttempts: 3,
      delayMs: 1000,
      error: { code: 'PROVIDER_RATE_LIMITED' },
    });
    expect(outcomeOf(events)).toMatchObject({ outcome: 'completed' });
  });

  test('with more patience asked for than there is: ends at once', async () => {
    const { events } = await run([failure(429, { retryAfter: '3600' })]);
    expect(outcomeOf(events)).toMatchObject({ outcome: 'failed', error: { code: 'PROVIDER_RATE_LIMITED' } });
  });

  test('with 500 again and again: gives up after the last attempt', async () => {
    const { events } = await run([failure(500), failure(503), failure(500)]);
    expect(typesOf(events).filter((type) => type === 'run.retried')).toHaveLength(2);
    expect(outcomeOf(events)).toMatchObject({ outcome: 'failed', error: { code: 'PROVIDER_FAILED' } });
  });

  test('because nobody listens there', async () => {
    const { events } = await run([], { baseUrl: 'http://127.0.0.1:9/v1' });
    expect(outcomeOf(events)).toMatchObject({
      error: { code: 'PROVIDER_UNREACHABLE', message: expect.stringContaining('127.0.0.1:9') as string },
    });
  });

  test.each([
    ['before headers', silence],
    ['in mid-stream', reply(say('begun'), hang)],
  ])('by hanging %s: is tried once more, then ends', async (_, hanging) => {
    const { events } = await run([hanging, hanging], { timeouts: { firstChunkMs: 150, betweenChunksMs: 100 } });
    expect(typesOf(events).filter((type) => type === 'run.retried')).toHaveLength(1);
    expect(outcomeOf(events)).toMatchObject({ error: { code: 'PROVIDER_TIMEOUT' } });
  });

  test.each([
    ['an error in the stream under 200', errorInStream('overloaded'), 'PROVIDER_FAILED'],
    ['an error with a status as its code', errorInStream('slow down', 429), 'PROVIDER_RATE_LIMITED'],
    ['half a line', cutMidLine, 'PROVIDER_STREAM_CUT'],
    ['an end without a finish', endWithoutFinish, 'PROVIDER_STREAM_CUT'],
  ])('with %s: what was shown stays, marked, and the model is told to go on from there', async (_, step, code) => {
    const { state, events } = await run([reply(say('The first half'), step), reply(say(' and the second.'))]);
    const messages = state.timeline.filter((item) => item.kind === 'assistant');
    expect(messages).toMatchObject([
      { text: 'The first half', state: 'interrupted' },
      { text: ' and the second.', state: 'done' },
    ]);
    expect(events.find((event) => event.type === 'run.retried')).toMatchObject({ error: { code } });
    expect(textOf(sentTo(bench, 1).at(-2))).toBe('The first half');
    expect(textOf(sentTo(bench, 1).at(-1))).toMatch(/cut off/);
  });

  test('in the middle of a call: the call is not made, and nobody goes on seeing it prepared', async () => {
    bench = await startRunBench({ tools: [echo] });
    bench.model.script(
      reply(fragments({ index: 0, id: 'x', function: { name: 'echo', arguments: '{"a' } }), cutMidLine),
      reply(say('Rather not.')),
    );
    const id = await bench.newSession();
    let viewer = await bench.state(id);
    let atRetry: SessionState | undefined;
    const seen: string[] = [];
    bench.hub.subscribe(id, (frame) => {
      viewer = frame.kind === 'event' ? reduce(viewer, [frame.event]) : applyDelta(viewer, frame.delta);
      seen.push(...viewer.timeline.flatMap((item) => (item.kind === 'tool' ? item.state : [])));
      if (frame.kind === 'event' && frame.event.type === 'run.retried') atRetry = viewer;
    });
    await bench.runs.start(id, { text: 'x' }, 'k');
    await bench.until(id, ended);
    expect(seen).toContain('preparing');
    expect(atRetry!.timeline.map(({ kind }) => kind)).toEqual(['user', 'notice']);
    expect(viewer.timeline.map(({ kind }) => kind)).toEqual(['user', 'notice', 'assistant']);
  });

  test('with an empty answer is asked again', async () => {
    const { events } = await run([reply(), reply(say('here'))]);
    expect(events.find((event) => event.type === 'run.retried')).toMatchObject({
      error: { code: 'PROVIDER_EMPTY_ANSWER' },
    });
  });
});
