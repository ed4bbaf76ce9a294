import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createWorkQueue, type WorkQueue } from './work-queue.ts';

const backoff = { baseMs: 100, maxMs: 1000 };

describe('work queue', () => {
  it('hands out a key once, however often it was added', async () => {
    const queue = createWorkQueue({ backoff });
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
    expect([await queue.take(), await queue.take()]).toEqual(['a', 'b']);
    expect(queue.depth).toBe(0);
  });

  it('gives a key that was added while it was worked on again, and only after that', async () => {
    const queue = createWorkQueue({ backoff });
    queue.add('a');
    await queue.take();
    queue.add('a');
    expect(queue.depth).toBe(0);
    queue.done('a');
    expect(queue.depth).toBe(1);
    expect(await queue.take()).toBe('a');
  });

  it('prefers what changed, promotes a resync that changed, and starves nobody', async () => {
    const queue = createWorkQueue({ backoff });
    queue.add('old', 'resync');
    queue.add('older', 'resync');
    queue.add('new');
    queue.add('older');
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(['new', 'older', 'old']);

    queue.add('patient', 'resync');
    const taken: (string | undefined)[] = [];
    for (let turn = 0; turn < 40; turn++) {
      queue.add(`busy-${turn}`);
      taken.push(await queue.take());
    }
    expect(taken).toContain('patient');
  });

  it('adds later at the earliest time asked for, and not at all once the key was taken', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const queue = createWorkQueue({ backoff });
      queue.addAfter('a', 500);
      queue.addAfter('a', 200);
      queue.addAfter('a', 300);
      vi.advanceTimersByTime(199);
      expect(queue.depth).toBe(0);
      vi.advanceTimersByTime(1);
      expect(queue.depth).toBe(1);

      queue.addAfter('b', 100);
      queue.add('b');
      expect([await queue.take(), await queue.take()]).toEqual(['a', 'b']);
      queue.done('b');
      vi.advanceTimersByTime(10_000);
      expect(queue.depth).toBe(0);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('waits longer after each failure, and from the start again once forgotten', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const queue = createWorkQueue({ backoff });
      const waitedMs = (): number => {
        queue.addFailed('a');
        const startedAt = performance.now();
        while (queue.depth === 0) vi.advanceTimersToNextTimer();
        const waited = performance.now() - startedAt;
        void queue.take();
        queue.done('a');
        return waited;
      };
      const waits = [1, 2, 3, 4, 5, 6].map(waitedMs);
      for (const [index, whole] of [100, 200, 400, 800, 1000, 1000].entries()) {
        expect(waits[index]).toBeGreaterThanOrEqual(whole / 2);
        expect(waits[index]).toBeLessThanOrEqual(whole);
      }
      queue.forget('a');
      expect(waitedMs()).toBeLessThanOrEqual(100);
      queue.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it('lets go of all who wait when it is closed', async () => {
    const queue = createWorkQueue({ backoff });
    const waiting = [queue.take(), queue.take()];
    queue.addAfter('a', 60_000);
    queue.close();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
    queue.add('a');
    expect(await queue.take()).toBeUndefined();
  });

  it('holds the promises of a queue under any order of calls', async () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({
        do: fc.constant('add' as const),
        key,
        priority: fc.constantFrom('changed' as const, 'resync' as const),
      }),
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constant('done' as const), key }),
      fc.record({ do: fc.constant('fail' as const), key }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const queue = createWorkQueue({ backoff: { baseMs: 0, maxMs: 0 } });
        const mustBeSeen = new Set<string>();
        const working = new Set<string>();
        const takeOne = async (): Promise<void> => {
          const taken = await takeNow(queue);
          if (taken === undefined) return;
          // One worker per key.
          expect(working).not.toContain(taken);
          working.add(taken);
          mustBeSeen.delete(taken);
        };
        const finish = (which: string): void => {
          if (working.delete(which)) queue.done(which);
        };
        for (const each of steps) {
          if (each.do === 'take') await takeOne();
          else if (each.do === 'done') finish(each.key);
          else {
            if (each.do === 'add') queue.add(each.key, each.priority);
            else queue.addFailed(each.key);
            mustBeSeen.add(each.key);
          }
        }
        for (const which of [...working]) finish(which);
        while (queue.depth > 0) {
          await takeOne();
          for (const which of [...working]) finish(which);
        }
        // Nothing that was asked for is lost, and nothing is remembered for ever.
        expect([...mustBeSeen]).toEqual([]);
        for (const which of ['a', 'b', 'c']) queue.forget(which);
        expect(queue.size).toBe(0);
        queue.close();
      }),
    );
  });
});

/** A key if one is ready. */
async function takeNow(queue: WorkQueue): Promise<string | undefined> {
  return queue.depth === 0 ? undefined : queue.take();
}
