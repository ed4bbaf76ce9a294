import { findCondition } from '@sandpiper/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { anInstance, anObservation, aWorkspace, T0 } from './testing/builders.ts';
import { skews, worlds } from './testing/history.ts';
import { after, reasonOf, seenRunning } from './testing/seen.ts';
import { World } from './testing/world.ts';

describe('clocks that differ', () => {
  it.each([
    [60_000, undefined],
    [-60_000, undefined],
    [61_000, 'False ClocksDiffer'],
    [-75_400, 'False ClocksDiffer'],
  ])('by %i ms are spoken of as %s', (clockSkewMs, expected) => {
    expect(reasonOf(decide(seenRunning(1, {}, { clockSkewMs })).status, 'ClockSynchronized')).toBe(expected);
  });

  it('are told once, with the seconds and the way out, and again when they agree', () => {
    const seen = seenRunning(1, {}, { clockSkewMs: -75_400 });
    const { status, events, statusWrite } = decide(seen);
    expect(statusWrite).toBe('now');
    expect(events).toMatchObject([{ type: 'Warning', reason: 'ClocksDiffer' }]);
    const message = findCondition(status.conditions, 'ClockSynchronized')?.message;
    expect(message).toBe(
      'The clock of the API server is 75 s behind ours; deadlines are off by as much. Synchronize the clocks.',
    );
    const differ = { ...seen, sandbox: after(seen) };
    for (const clockSkewMs of [-74_000, -61_000, -59_000, -51_000]) {
      expect(decide({ ...differ, clockSkewMs }).statusWrite).toBe('none');
    }
    const agree = decide({ ...differ, clockSkewMs: -2_000 });
    expect(reasonOf(agree.status, 'ClockSynchronized')).toBe('True ClocksAgree');
    expect(agree.events).toMatchObject([{ type: 'Normal', reason: 'ClocksAgree' }]);
    const { clockSkewMs: _unknown, ...nobodyKnows } = differ;
    expect(decide(nobodyKnows).statusWrite).toBe('none');
  });

  it('never make a launch shorter than nothing', () => {
    for (const createdAt of [T0 - 60_000, T0 + 60_000]) {
      const { status } = decide(anObservation({ instances: [anInstance({ createdAt })], workspaces: [aWorkspace()] }));
      const { requestedAt, startedAt = '', readyAt = '' } = status.launch ?? {};
      expect([requestedAt, startedAt, readyAt]).toEqual([requestedAt, startedAt, readyAt].toSorted());
    }
  });

  it('do not end a start before its time by more than they differ', () => {
    fc.assert(
      fc.property(worlds, (options) => {
        const world = new World(options);
        const slowUntil = T0 + 59_000;
        while (world.now < slowUntil) {
          world.reconcile();
          for (const instance of world.own()) {
            if (instance.state === 'Pending') {
              instance.state = 'Running';
              instance.runningSince = world.nodeTime();
            }
          }
          world.now += 1_000;
        }
        expect(world.counts.created).toBe(1);
        expect(world.own()).toMatchObject([{ uid: 'i-1', terminating: false }]);
      }),
      { numRuns: 100 },
    );
  });

  it('let a sandbox that ends again and again pause between its starts, and give up as early', () => {
    fc.assert(
      fc.property(worlds, skews, (options, skew) => {
        const world = new World({ ...options, skew });
        for (const wakes of [0, 1, 2]) {
          if (wakes > 0) world.wake();
          const starts = crashUntilGivenUp(world);
          expect(starts).toHaveLength(6);
          const pauses = starts.map((at, index) => at - (starts[index - 1] ?? at)).slice(1);
          for (const [index, pause] of pauses.entries()) {
            expect(pause).toBeGreaterThanOrEqual(500 * 2 ** index);
            expect(pause).toBeLessThanOrEqual(500 * 2 ** index + 60_000);
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

/** Ends every instance as soon as it is there. @returns when each was made, epoch ms */
function crashUntilGivenUp(world: World): number[] {
  const starts: number[] = [];
  for (let pass = 0; pass < 200; pass += 1) {
    const before = world.counts.created;
    const look = world.reconcile();
    if (world.counts.created > before) starts.push(world.now);
    for (const instance of world.own()) {
      if (instance.terminating) world.instances.delete(instance.uid);
      else if (instance.state !== 'Failed') {
        instance.state = 'Failed';
        instance.lastExit = { reason: 'Error', message: 'It ended.', exitCode: 1, at: world.nodeTime() };
      }
    }
    if (look?.decision.actions.length) continue;
    const isOver = findCondition(world.sandbox?.status?.conditions, 'Finished')?.status === 'True';
    if (isOver && world.own().length === 0) return starts;
    if (world.own().length === 0) world.now = Math.max(world.now, look?.lookAt ?? world.now);
  }
  throw new Error('It is never given up.');
}
