import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { callTool, callTools, reply, say } from '@sandpiper/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createDemoProvider } from '../providers/demo/demo-provider.ts';
import { providersOf } from '../providers/providers.ts';
import { ended, startRunBench } from '../runs/testing/run-bench.ts';
import type { BenchOptions, RunBench } from '../runs/testing/run-bench.ts';
import { startRealSandbox } from './testing/real-sandbox.ts';
import type { RealSandbox } from './testing/real-sandbox.ts';
import { createToolbox } from './tools/toolbox.ts';

let sandbox: RealSandbox;
let bench: RunBench;
beforeAll(async () => {
  sandbox = await startRealSandbox();
});
afterAll(() => sandbox.close());
afterEach(() => bench.close());

const withSandbox = (): BenchOptions => ({
  toolbox: ({ artefacts }) => createToolbox({ computers: sandbox.computers, artefacts, sources: [] }),
});

async function artefactsOf(id: string): Promise<string[]> {
  const { timeline } = await bench.state(id);
  const kept = timeline.flatMap((item) => (item.kind === 'tool' ? item.artefacts : []));
  return Promise.all(
    kept.map(async (artefact) => {
      const found = await bench.stores.artefacts.find(id, artefact.id);
      return `${artefact.kind} ${artefact.path ?? ''}: ${Buffer.from(found!.bytes).toString()}`;
    }),
  );
}

test('writes, edits and runs a program, and keeps what was seen', async () => {
  bench = await startRunBench(withSandbox());
  bench.model.script(
    reply(callTool('files_write', { path: 'a.sh', content: 'echo one\n' })),
    // A null stands for what is left out.
    reply(callTool('files_edit', { path: 'a.sh', oldText: 'one', newText: 'two', replaceAll: null })),
    reply(callTool('shell_run', { command: 'bash a.sh' })),
    reply(say('ok')),
  );
  const id = await bench.newSession();
  await bench.runs.start(id, { text: 'x' }, 'k');
  await bench.until(id, ended);
  expect(await readFile(path.join(sandbox.workspace, 'a.sh'), 'utf8')).toBe('echo two\n');
  const told = bench.model.requests.at(-1)!.body.messages!.at(-1)!.content as string;
  expect(JSON.parse(told)).toMatchObject({ exitCode: 0, stdout: { text: 'two\n' } });
  expect(await artefactsOf(id)).toEqual([
    'file-after a.sh: echo one\n',
    'file-before a.sh: echo one\n',
    'file-after a.sh: echo two\n',
    'terminal : two\n',
  ]);
});

test('output of a running command is live, and stop ends its processes', async () => {
  bench = await startRunBench(withSandbox());
  bench.model.script(reply(callTool('shell_run', { command: 'sleep 987 & echo $!; echo out; echo err >&2; wait' })));
  const id = await bench.newSession();
  const live = Promise.withResolvers<string>();
  let text = '';
  bench.hub.subscribe(id, (frame) => {
    if (frame.kind !== 'delta' || frame.delta.kind !== 'tool-output') return;
    text = text.slice(0, frame.delta.offset) + frame.delta.text;
    if (text.includes('out') && text.includes('err')) live.resolve(text);
  });
  const { runId } = await bench.runs.start(id, { text: 'x' }, 'k');
  const pid = Number(/\d+/.exec(await live.promise)![0]);
  expect(isAlive(pid)).toBe(true);
  await bench.runs.stop(id, runId);
  const state = await bench.until(id, ended);
  expect(state.timeline.find((item) => item.kind === 'tool')).toMatchObject({ state: 'stopped' });
  expect((await artefactsOf(id))[0]).toMatch(/terminal[\s\S]*out/);
  await expect.poll(() => isAlive(pid)).toBe(false);
});

test('what the model is told of a long output is bounded, and still JSON', async () => {
  bench = await startRunBench(withSandbox());
  bench.model.script(
    reply(callTool('shell_run', { command: "head -c 3000000 /dev/urandom | base64 -w0; printf '\\n\\377END'" })),
    reply(say('ok')),
  );
  const id = await bench.newSession();
  await bench.runs.start(id, { text: 'x' }, 'k');
  const state = await bench.until(id, ended);
  const { output } = state.timeline.find((item) => item.kind === 'tool')!;
  expect(Buffer.byteLength(output!)).toBeLessThanOrEqual(32 * 1024);
  expect((JSON.parse(output!) as { stdout: { text: string } }).stdout.text).toMatch(/\ufffdEND$/);
});

test('a refusal of the sandbox is told with its code', async () => {
  bench = await startRunBench(withSandbox());
  bench.model.script(
    reply(callTools([{ name: 'files_read', arguments: { path: '../../etc/passwd' } }])),
    reply(say('ok')),
  );
  const id = await bench.newSession();
  await bench.runs.start(id, { text: 'x' }, 'k');
  const state = await bench.until(id, ended);
  const call = state.timeline.find((item) => item.kind === 'tool')!;
  expect(call.state).toBe('error');
  expect(call.output).toContain(call.error!.code);
});

test('the demo really runs its program, says that it is one, and stops honestly where it cannot go on', async () => {
  bench = await startRunBench({ ...withSandbox(), providers: providersOf([createDemoProvider(0)]) });
  const id = await bench.newSession();
  await bench.runs.start(id, { text: 'Find prime numbers, please' }, 'k');
  const state = await bench.until(id, ended);
  const messages = state.timeline.filter((item) => item.kind === 'assistant');
  expect(messages.every(({ demo }) => demo)).toBe(true);
  expect(messages.map(({ text }) => text).join('\n')).toMatch(/demo[\s\S]*78,498 primes below one million/);
  expect(await readFile(path.join(sandbox.workspace, 'sandpiper-tour/result.txt'), 'utf8')).toContain('78,498');
  expect(state.plan?.items).toHaveLength(3);
  // This sandbox has no desktop, so the tour ends at the browser.
  expect(messages.at(-1)!.text).toMatch(/did not work/);
  expect(state.title).toBe('Find prime numbers, please');
});

test('the demo without a computer says so', async () => {
  bench = await startRunBench({ providers: providersOf([createDemoProvider(0)]) });
  const id = await bench.newSession();
  await bench.runs.start(id, { text: 'Do something' }, 'k');
  const state = await bench.until(id, ended);
  expect(state.timeline.at(-1)).toMatchObject({
    kind: 'assistant',
    demo: true,
    text: expect.stringMatching(/Computers are not available/) as string,
  });
});

test('a person may stop the demo in the middle of a sentence', async () => {
  bench = await startRunBench({ providers: providersOf([createDemoProvider(1)]) });
  const id = await bench.newSession();
  const spoken = Promise.withResolvers<undefined>();
  bench.hub.subscribe(id, (frame) => frame.kind === 'delta' && spoken.resolve(undefined));
  const { runId } = await bench.runs.start(id, { text: 'x' }, 'k');
  await spoken.promise;
  await bench.runs.stop(id, runId);
  expect((await bench.until(id, ended)).runs[runId]!.outcome).toBe('stopped');
});

/** Outside a sandbox nobody may reap an orphan: a zombie is dead. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}
