import { describe, expect, it, vi } from 'vitest';
import { createWorkQueue } from './work-queue.ts';

describe('the work queue', () => {
  it('works on one key once at a time, and once more when it was added meanwhile', async () => {
    let running = 0;
    let most = 0;
    let passes = 0;
    const { promise: gate, resolve: open } = Promise.withResolvers<undefined>();
    const queue = createWorkQueue(async () => {
      running += 1;
      passes += 1;
      most = Math.max(most, running);
      await gate;
      running -= 1;
    }, fail);
    queue.add('a');
    await vi.waitFor(() => expect(passes).toBe(1));
    for (let i = 0; i < 5; i += 1) queue.add('a');
    open(undefined);
    await vi.waitFor(() => expect(passes).toBe(2));
    await queue.close();
    expect(most).toBe(1);
    expect(passes).toBe(2);
  });

  it('does not let one key wait for another', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<undefined>();
    const done: string[] = [];
    const queue = createWorkQueue(async (key) => {
      if (key === 'slow') await gate;
      done.push(key);
    }, fail);
    queue.add('slow');
    queue.add('quick');
    await vi.waitFor(() => expect(done).toEqual(['quick']));
    open(undefined);
    await queue.close();
    expect(done).toEqual(['quick', 'slow']);
  });

  it('tries a failed key again, later each time', async () => {
    const waits: number[] = [];
    const queue = createWorkQueue(
      () => Promise.reject(new Error('no')),
      (_key, _error, retryInMs) => waits.push(retryInMs),
    );
    queue.add('a');
    await vi.waitFor(() => expect(waits.length).toBeGreaterThanOrEqual(3));
    await queue.close();
    expect(waits.slice(0, 3)).toEqual([50, 100, 200]);
  });

  it('keeps the earliest of several later times, and starts nothing after it was closed', async () => {
    const done: number[] = [];
    const startedAt = performance.now();
    const queue = createWorkQueue(() => {
      done.push(performance.now() - startedAt);
      return Promise.resolve();
    }, fail);
    queue.addAfter('a', 60_000);
    queue.addAfter('a', 20);
    queue.addAfter('a', 60_000);
    await vi.waitFor(() => expect(done).toHaveLength(1));
    expect(done[0]).toBeGreaterThanOrEqual(19);
    await queue.close();
    queue.add('a');
    expect(done).toHaveLength(1);
  });
});

function fail(_key: string, error: unknown): void {
  throw error;
}
