import { applyDelta, reduce } from '@sandpiper/protocol';
import type { SessionEvent, SessionState } from '@sandpiper/protocol';
import {
  callTool,
  callTools,
  cutMidLine,
  endWithoutFinish,
  errorInStream,
  failure,
  fragments,
  gate,
  hang,
  reply,
  replyWithoutDone,
  say,
  silence,
  think,
  usage,
} from '@sandpiper/testing';
import type { ChatMessage, Reply } from '@sandpiper/testing';
import { afterEach, describe, expect, test } from 'vitest';
import type { AgentTool } from '../agent/tools/tool.ts';
import { ended, startRunBench } from './testing/run-bench.ts';
import type { BenchOptions, RunBench } from './testing/run-bench.ts';

let bench: RunBench;
afterEach(() => bench.close());

async function run(
  replies: Reply[],
  options: BenchOptions = {},
  text = 'Please do it',
): Promise<{ id: string; state: SessionState; events: SessionEvent[] }> {
  bench = await startRunBench(options);
  bench.model.script(...replies);
  const id = await bench.newSession();
  await bench.runs.start(id, { text }, 'key');
  const state = await bench.until(id, ended);
  return { id, state, events: await bench.events(id) };
}

const typesOf = (events: SessionEvent[]) =>
  events.map(({ type }) => type).filter((type) => type !== 'usage' && type !== 'session.titled');
const sent = (request: number): ChatMessage[] =>
  bench.model.requests.filter(({ body }) => body.stream)[request]!.body.messages!;
const textOf = (message: ChatMessage | undefined): string =>
  typeof message?.content === 'string' ? message.content : JSON.stringify(message?.content);
const outcomeOf = (events: SessionEvent[]) => events.findLast((event) => event.type === 'run.completed')!;

const echo: AgentTool = {
  name: 'echo',
  server: 'things',
  description: 'Says it again',
  parameters: { type: 'object' },
  run: (input, context) => {
    context.say('live ');
    return Promise.resolve(JSON.stringify(input));
  },
};

describe('a run', () => {
  test('answers: text and thoughts grow, the message is kept, the run ends', async () => {
    const { state, events } = await run([reply(think('hm'), say('Hello there.'), usage(12, 3))]);
    expect(typesOf(events)).toEqual([
      'session.created',
      'message.completed',
      'run.requested',
      'run.owned',
      'message.completed',
      'run.completed',
    ]);
    expect(state.timeline.at(-1)).toMatchObject({
      kind: 'assistant',
      text: 'Hello there.',
      reasoning: 'hm',
      state: 'done',
      demo: false,
    });
    expect(outcomeOf(events)).toMatchObject({ outcome: 'completed', steps: 1 });
    expect(events).toContainEqual(expect.objectContaining({ type: 'usage', inputTokens: 12, outputTokens: 3 }));
  });

  test('calls tools, in order, after the message that made the calls, and tells the model what came of them', async () => {
    const calls = callTools(
      [
        { name: 'echo', arguments: { a: 1 } },
        { name: 'echo', arguments: { b: 2 } },
      ],
      { interleave: true },
    );
    const { events } = await run([reply(say('I will.'), calls), reply(say('Done.'))], { tools: [echo] });
    const types = typesOf(events).slice(4);
    expect(types).toEqual([
      'message.completed',
      'tool.started',
      'tool.completed',
      'tool.started',
      'tool.completed',
      'message.completed',
      'run.completed',
    ]);
    expect(events.filter((event) => event.type === 'tool.started')).toMatchObject([
      { server: 'things', input: { a: 1 } },
      { input: { b: 2 } },
    ]);
    const [system, user, assistant, ...results] = sent(1);
    expect([system!.role, user!.role, assistant!.role]).toEqual(['system', 'user', 'assistant']);
    expect(results.map((message) => message.content)).toEqual(['{"a":1}', '{"b":2}']);
    expect(results.map((message) => message.tool_call_id)).toEqual(assistant!.tool_calls!.map(({ id }) => id));
  });

  test('offsets of growth join to exactly the message', async () => {
    bench = await startRunBench();
    bench.model.script(reply(say('Grüße 👩‍🚀 und mehr, in Stücken', { pieceChars: 3 })));
    const id = await bench.newSession();
    let text = '';
    bench.hub.subscribe(id, (frame) => {
      if (frame.kind !== 'delta' || frame.delta.kind !== 'text') return;
      expect(frame.delta.offset).toBe(text.length);
      text += frame.delta.text;
    });
    await bench.runs.start(id, { text: 'x' }, 'k');
    await bench.until(id, ended);
    expect(text).toBe('Grüße 👩‍🚀 und mehr, in Stücken');
  });

  test('arguments that are no JSON, unknown tools and errors are told to the model', async () => {
    const broken = callTools([
      { name: 'echo', arguments: '{"a": ' },
      { name: 'nothing' },
      { name: 'ask_user', arguments: { question: 1 } },
    ]);
    const { events } = await run([reply(broken), reply(say('I see.'))], { tools: [echo] });
    const codes = events.flatMap((event) => (event.type === 'tool.completed' ? event.error?.code : []));
    expect(codes).toEqual(['TOOL_INPUT_NOT_JSON', 'TOOL_UNKNOWN', 'TOOL_INPUT_INVALID']);
    expect(sent(1).at(-1)!.content).toMatch(/question/);
  });

  test('calls without index, id or arguments', async () => {
    const odd = fragments({ function: { name: 'echo' } }, { id: '', function: { name: '', arguments: '' } });
    const { events } = await run([replyWithoutDone(odd), reply(say('ok'))], { tools: [echo] });
    expect(events.find((event) => event.type === 'tool.completed')).toMatchObject({ outcome: 'ok', output: '{}' });
  });

  test('shows a plan', async () => {
    const items = [{ id: '1', text: 'one', status: 'active' }];
    const { state } = await run([reply(callTool('plan_update', { items })), reply(say('ok'))]);
    expect(state.plan).toMatchObject({ items });
  });

  test.each([
    ['steps', { maxSteps: 2, maxMs: 60_000, maxTokens: 1e9 }, 'RUN_STEP_LIMIT'],
    ['tokens', { maxSteps: 9, maxMs: 60_000, maxTokens: 100 }, 'RUN_TOKEN_LIMIT'],
    ['time', { maxSteps: 9, maxMs: 0, maxTokens: 1e9 }, 'RUN_TIME_LIMIT'],
  ])('ends when its budget of %s is used up', async (_, budget, code) => {
    const step = reply(callTool('echo'), usage(90, 20));
    const { events } = await run([step, step, step], { tools: [echo], budget });
    expect(outcomeOf(events)).toMatchObject({ outcome: 'failed', error: { code } });
  });
});

describe('starting', () => {
  test('the same key again answers the same, and starts nothing', async () => {
    bench = await startRunBench();
    bench.model.script(reply(say('one')), reply(say('two')));
    const id = await bench.newSession();
    const [first, second] = await Promise.all([
      bench.runs.start(id, { text: 'x' }, 'k'),
      bench.runs.start(id, { text: 'x' }, 'k'),
    ]);
    expect(second).toEqual(first);
    await bench.until(id, ended);
    await bench.crash();
    expect(await bench.runs.start(id, { text: 'x' }, 'k')).toEqual(first);
    expect(typesOf(await bench.events(id)).filter((type) => type === 'run.requested')).toHaveLength(1);
  });

  test('is refused while a run is at work, for an unknown model, and without a message', async () => {
    bench = await startRunBench();
    const held = gate();
    bench.model.script(reply(held.wait, say('one')));
    const id = await bench.newSession();
    await expect(bench.runs.start(id, { text: ' ' }, 'k0')).rejects.toMatchObject({ code: 'EMPTY_MESSAGE' });
    await expect(
      bench.runs.start(id, { text: 'x', model: { provider: 'no', model: 'no' } }, 'k1'),
    ).rejects.toMatchObject({ code: 'MODEL_NOT_AVAILABLE' });
    await bench.runs.start(id, { text: 'x' }, 'k2');
    await expect(bench.runs.start(id, { text: 'y' }, 'k3')).rejects.toMatchObject({ code: 'RUN_ACTIVE' });
    held.open();
    await bench.until(id, ended);
  });
});

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
    expect(textOf(sent(1).at(-2))).toBe('The first half');
    expect(textOf(sent(1).at(-1))).toMatch(/cut off/);
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

describe('stop', () => {
  test.each([
    ['before headers', silence],
    ['before the first token', reply(hang)],
  ])('%s', async (_, hanging) => {
    bench = await startRunBench();
    bench.model.script(hanging);
    const id = await bench.newSession();
    const { runId } = await bench.runs.start(id, { text: 'x' }, 'k');
    const request = await bench.model.request(0);
    await bench.runs.stop(id, runId);
    await bench.until(id, ended);
    await expect(request.ended).resolves.toBe(false);
    expect(typesOf(await bench.events(id)).slice(3)).toEqual(['run.owned', 'run.stop.requested', 'run.completed']);
    await bench.runs.stop(id, runId);
    await expect(bench.runs.stop(id, 'run-no')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  test('in mid-message keeps what was said', async () => {
    bench = await startRunBench();
    bench.model.script(reply(say('So far'), hang));
    const id = await bench.newSession();
    const spoken = Promise.withResolvers<undefined>();
    bench.hub.subscribe(
      id,
      (frame) => frame.kind === 'delta' && frame.delta.text.includes('far') && spoken.resolve(undefined),
    );
    const { runId } = await bench.runs.start(id, { text: 'x' }, 'k');
    await spoken.promise;
    await bench.runs.stop(id, runId);
    const state = await bench.until(id, ended);
    expect(state.timeline.find((item) => item.kind === 'assistant')).toMatchObject({
      text: 'So far',
      state: 'interrupted',
    });
    expect(state.runs[runId]!.outcome).toBe('stopped');
  });

  test('during a tool: the tool is aborted, and the next run’s model is told', async () => {
    const started = Promise.withResolvers<AbortSignal>();
    const endless: AgentTool = {
      ...echo,
      run: (_, { signal }) => {
        started.resolve(signal);
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
      },
    };
    bench = await startRunBench({ tools: [endless] });
    bench.model.script(reply(callTools([{ name: 'echo' }, { name: 'echo' }])), reply(say('ok')));
    const id = await bench.newSession();
    const { runId } = await bench.runs.start(id, { text: 'x' }, 'k');
    await started.promise;
    await bench.runs.stop(id, runId);
    await bench.until(id, ended);
    expect(typesOf(await bench.events(id)).slice(-4)).toEqual([
      'tool.started',
      'run.stop.requested',
      'tool.completed',
      'run.completed',
    ]);
    await bench.runs.start(id, { text: 'and now?' }, 'k2');
    await bench.until(id, ended);
    expect(sent(1).map(textOf).join('\n')).toMatch(/The person stopped this call[\s\S]*and now\?/);
  });

  test('while it waits for a retry', async () => {
    bench = await startRunBench();
    bench.model.script(failure(429, { retryAfter: '2' }));
    const id = await bench.newSession();
    const { runId } = await bench.runs.start(id, { text: 'x' }, 'k');
    await bench.until(id, (state) => state.timeline.some((item) => item.kind === 'notice'));
    await bench.runs.stop(id, runId);
    expect((await bench.until(id, ended)).runs[runId]!.outcome).toBe('stopped');
  });
});

describe('a question', () => {
  const asking = reply(callTool('ask_user', { question: 'Which?', options: ['a', 'b'] }));

  test('waits for the answer, which the model is told', async () => {
    bench = await startRunBench();
    bench.model.script(asking, reply(say('ok')));
    const id = await bench.newSession();
    await bench.runs.start(id, { text: 'x' }, 'k');
    const { openQuestions } = await bench.until(id, (state) => state.openQuestions.length > 0);
    expect(openQuestions[0]).toMatchObject({ text: 'Which?', options: ['a', 'b'] });
    const { questionId } = openQuestions[0]!;
    await bench.runs.answer(id, { questionId, answer: 'b' });
    await expect(bench.runs.answer(id, { questionId, answer: 'a' })).rejects.toMatchObject({
      code: 'QUESTION_NOT_OPEN',
    });
    await bench.until(id, ended);
    expect(sent(1).at(-1)!.content).toBe('{"answer":"b"}');
  });

  test('survives a crash', async () => {
    bench = await startRunBench();
    bench.model.script(asking, reply(say('ok')));
    const id = await bench.newSession();
    await bench.runs.start(id, { text: 'x' }, 'k');
    const { openQuestions } = await bench.until(id, (state) => state.openQuestions.length > 0);
    await bench.crash();
    await bench.runs.resume();
    await bench.until(id, (state) => Object.values(state.runs)[0]!.epoch === 2);
    await bench.runs.answer(id, { questionId: openQuestions[0]!.questionId, answer: 'a' });
    await bench.until(id, ended);
    expect(textOf(sent(1).find(({ role }) => role === 'tool'))).toBe('{"answer":"a"}');
  });

  test('ends with a stop', async () => {
    bench = await startRunBench();
    bench.model.script(asking);
    const id = await bench.newSession();
    const { runId } = await bench.runs.start(id, { text: 'x' }, 'k');
    await bench.until(id, (state) => state.openQuestions.length > 0);
    await bench.runs.stop(id, runId);
    const state = await bench.until(id, ended);
    expect(state.openQuestions).toEqual([]);
  });
});

describe('after a crash', () => {
  test('a message in mid-sentence is kept as interrupted, and the run goes on', async () => {
    bench = await startRunBench();
    bench.model.script(reply(say('Half of'), hang), reply(say('the rest')));
    const id = await bench.newSession();
    const { runId } = await bench.runs.start(id, { text: 'x' }, 'k');
    await expect.poll(async () => (await bench.stores.partials.read(id))[0]?.text).toBe('Half of');
    await bench.crash();
    await bench.runs.resume();
    const state = await bench.until(id, ended);
    expect(
      state.timeline.map((item) => (item.kind === 'assistant' ? `${item.text}: ${item.state}` : item.kind)),
    ).toEqual(['user', 'notice', 'Half of: interrupted', 'the rest: done']);
    expect(state.runs[runId]).toMatchObject({ epoch: 2, outcome: 'completed' });
    expect(sent(1).map(textOf).join('\n')).toMatch(/restart[\s\S]*Half of/);
  });

  test('a call in the middle is closed as interrupted, with what it had said, and the model is told', async () => {
    const stuck: AgentTool = {
      ...echo,
      run: (_, { say: speak }) => {
        speak('step 1 of 9');
        return new Promise(() => undefined);
      },
    };
    bench = await startRunBench({ tools: [stuck] });
    bench.model.script(reply(callTool('echo')), reply(say('I look first')));
    const id = await bench.newSession();
    await bench.runs.start(id, { text: 'x' }, 'k');
    await expect.poll(async () => (await bench.stores.partials.read(id))[0]?.text).toBe('step 1 of 9');
    await bench.crash();
    await bench.runs.resume();
    const state = await bench.until(id, ended);
    expect(state.timeline.find((item) => item.kind === 'tool')).toMatchObject({
      state: 'interrupted',
      output: 'step 1 of 9',
    });
    expect(textOf(sent(1).find(({ role }) => role === 'tool'))).toMatch(/step 1 of 9[\s\S]*interrupted by a restart/);
  });

  test('a run that was to be stopped is stopped', async () => {
    bench = await startRunBench();
    bench.model.script(reply(say('x'), hang));
    const id = await bench.newSession();
    const { runId } = await bench.runs.start(id, { text: 'x' }, 'k');
    await bench.model.request(0);
    await bench.crash();
    // Nobody owns it; stop finds it all the same.
    await bench.runs.stop(id, runId);
    expect((await bench.until(id, ended)).runs[runId]!.outcome).toBe('stopped');
  });

  test('an owner that meets a later one writes nothing more', async () => {
    bench = await startRunBench();
    const held = gate();
    bench.model.script(reply(say('mine'), held.wait, say(' still')));
    const id = await bench.newSession();
    const { runId } = await bench.runs.start(id, { text: 'x' }, 'k');
    await held.reached;
    await bench.hub.append(id, { type: 'run.owned', runId, epoch: 2, owner: 'another' });
    held.open();
    await bench.runs.close();
    expect(typesOf(await bench.events(id)).at(-1)).toBe('run.owned');
  });
});

test('close lets go: nothing is ended, and the next owner goes on', async () => {
  bench = await startRunBench();
  bench.model.script(reply(say('begun'), hang), reply(say('done')));
  const id = await bench.newSession();
  await bench.runs.start(id, { text: 'x' }, 'k');
  await expect.poll(async () => (await bench.stores.partials.read(id))[0]?.text).toBe('begun');
  await bench.runs.close();
  expect(typesOf(await bench.events(id)).at(-1)).toBe('run.owned');
  await expect(bench.runs.start(id, { text: 'y' }, 'k2')).rejects.toMatchObject({ code: 'RUNS_CLOSED' });
  await bench.crash();
  await bench.runs.resume();
  expect((await bench.until(id, ended)).timeline.at(-1)).toMatchObject({ text: 'done' });
});

describe('titles', () => {
  test('come from the model', async () => {
    bench = await startRunBench();
    bench.model.script(reply(say('ok')));
    bench.model.when(({ body }) => body.stream !== true, reply(say('"Counting Boats."\nbecause')));
    const id = await bench.newSession();
    await bench.runs.start(id, { text: 'x' }, 'k');
    expect((await bench.until(id, (state) => state.title !== null)).title).toBe('Counting Boats');
  });

  test('come from the message when the model cannot be asked, and never replace a person’s', async () => {
    bench = await startRunBench();
    bench.model.when(() => true, failure(401));
    const id = await bench.newSession();
    await bench.runs.start(id, { text: '# Count the boats in the harbour. Then tell me.' }, 'k');
    expect((await bench.until(id, (state) => state.title !== null)).title).toBe('Count the boats in the harbour');
    const other = await bench.newSession();
    await bench.hub.append(other, { type: 'session.titled', title: 'Mine', by: 'person' });
    await bench.runs.start(other, { text: 'x' }, 'k');
    await bench.until(other, ended);
    await bench.runs.close();
    expect((await bench.state(other)).title).toBe('Mine');
  });
});
