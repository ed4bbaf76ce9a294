import { callTool, gate, hang, reply, say } from '@sandpiper/testing';
import { afterEach, describe, expect, test } from 'vitest';
import type { AgentTool } from '../agent/tools/tool.ts';
import { echo, sentTo, textOf, typesOf } from './testing/looking.ts';
import { ended, startRunBench } from './testing/run-bench.ts';
import type { RunBench } from './testing/run-bench.ts';

let bench: RunBench;
afterEach(() => bench.close());

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
    expect(sentTo(bench, 1).map(textOf).join('\n')).toMatch(/restart[\s\S]*Half of/);
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
    expect(textOf(sentTo(bench, 1).find(({ role }) => role === 'tool'))).toMatch(
      /step 1 of 9[\s\S]*interrupted by a restart/,
    );
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
