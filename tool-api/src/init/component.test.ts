import { spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { Component, type ComponentOptions } from './component.ts';

const components: Component[] = [];
afterEach(() => Promise.all(components.splice(0).map((component) => component.stop(0))));

function supervise(
  script: string,
  options: Partial<ComponentOptions> = {},
): { component: Component; changed: () => Promise<void>; starts: number[] } {
  const starts: number[] = [];
  const waiting: (() => void)[] = [];
  const component = new Component({
    start: () => {
      starts.push(Date.now());
      return spawn('sh', ['-c', script], { stdio: ['ignore', 'ignore', 'pipe'] });
    },
    whenReady: () => Promise.resolve(),
    onChange: () => waiting.splice(0).forEach((resume) => resume()),
    backoffMs: 40,
    ...options,
  });
  components.push(component);
  return { component, starts, changed: () => new Promise((resolve) => waiting.push(resolve)) };
}

test('a component that exits is started again, each time after a longer wait, and says what it said last', async () => {
  const { component, starts, changed } = supervise('echo last words >&2; exit 3');
  component.start();
  while (component.status.restarts < 3) await changed();
  const waits = starts.slice(1).map((at, index) => at - starts[index]!);
  expect(waits[0]).toBeGreaterThanOrEqual(39);
  expect(waits[1]).toBeGreaterThanOrEqual(79);
  expect(component.status.lastExit).toMatchObject({ code: 3, output: 'last words' });
});

test('a component that had run for long starts again at once', async () => {
  const { component, starts, changed } = supervise('sleep 0.1', { stableMs: 50, backoffMs: 10, maxBackoffMs: 5000 });
  component.start();
  while (starts.length < 5) await changed();
  expect(starts.at(-1)! - starts.at(-2)!).toBeLessThan(1000);
});

test('a stopped component stays stopped, and is killed when it does not want to end', async () => {
  const { component, starts } = supervise('trap "" TERM; while :; do sleep 0.05; done');
  component.start();
  const before = Date.now();
  await component.stop(100);
  expect(Date.now() - before).toBeLessThan(2000);
  expect(component.status).toMatchObject({ state: 'stopped', restarts: 0 });
  expect(starts).toHaveLength(1);
});

test('a program that does not exist counts as an exit', async () => {
  const { component, changed } = supervise('', {
    start: () => spawn('/nonexistent/program', { stdio: ['ignore', 'ignore', 'pipe'] }),
  });
  component.start();
  while (component.status.restarts < 1) await changed();
  expect(component.status.lastExit?.output).toContain('ENOENT');
});
