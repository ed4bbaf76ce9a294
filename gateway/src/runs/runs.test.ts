import {
  callTool,
  callTools,
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
import type { Reply } from '@sandpiper/testing';
import { afterEach, describe, expect, test } from 'vitest';
import type { AgentTool } from '../agent/tools/tool.ts';
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
    const [system, user, assistant, ...results] = sentTo(bench, 1);
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
    expect(sentTo(bench, 1).at(-1)!.content).toMatch(/question/);
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
    expect(sentTo(bench, 1).map(textOf).join('\n')).toMatch(/The person stopped this call[\s\S]*and now\?/);
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
    expect(sentTo(bench, 1).at(-1)!.content).toBe('{"answer":"b"}');
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
    expect(textOf(sentTo(bench, 1).find(({ role }) => role === 'tool'))).toBe('{"answer":"a"}');
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
