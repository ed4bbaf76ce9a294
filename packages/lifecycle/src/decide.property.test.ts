import { isTrue } from '@sandpiper/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addWarm, happen, happenings, histories, worlds } from './testing/history.ts';
import { fallAsleep, settle } from './testing/settle.ts';
import { World } from './testing/world.ts';

describe('any order, loss or repetition of observations, with any clocks and caches', () => {
  it('converges to the wish, and then rests', () => {
    fc.assert(
      fc.property(histories, worlds, (history, options) => {
        const world = new World(options);
        for (const each of history) happen(world, each);
        settle(world);
        expectSettled(world);
      }),
      { numRuns: 1500 },
    );
  });

  it('publishes only an instance that it owns, and never puts two on one workspace', () => {
    fc.assert(
      fc.property(histories, worlds, (history, options) => {
        const world = new World(options);
        for (const each of history) {
          const before = world.sandbox?.status?.endpoint?.uid;
          happen(world, each);
          const published = world.sandbox?.status?.endpoint?.uid;
          const isFresh = each.do === 'reconcile' && (options.driver === 'host' || each.lag.instances === 0);
          if (published !== undefined && published !== before && isFresh) {
            expect(world.own().map((instance) => instance.uid)).toContain(published);
          }
          const workspaces = [...world.instances.values()].map((instance) => instance.workspace);
          const used = workspaces.filter((workspace) => workspace !== undefined);
          expect(new Set(used).size).toBe(used.length);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('leaves a suspended sandbox alone until somebody wakes it', () => {
    fc.assert(
      fc.property(
        histories,
        worlds,
        fc.array(fc.integer({ min: 1, max: 10 ** 9 }), { maxLength: 5 }),
        (history, options, pauses) => {
          const world = new World(options);
          for (const each of history) happen(world, each);
          world.wish({ operatingMode: 'Suspended' });
          settle(world);
          expectRest(world, pauses);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('sleeps on after it fell asleep, whenever the wake before came and by whatever clock', () => {
    fc.assert(
      fc.property(histories, worlds, fc.nat(70_000), (history, options, afterMs) => {
        const world = new World(options);
        for (const each of history) happen(world, each);
        world.wish({ lifetime: { idleTimeout: '1s' } });
        world.wake();
        settle(world);
        world.now += afterMs;
        fallAsleep(world);
        expectRest(world, [1, 30_000, 60_000, 10 ** 6]);
      }),
      { numRuns: 300 },
    );
  });

  it('runs again after every wake', () => {
    fc.assert(
      fc.property(histories, worlds, (history, options) => {
        const world = new World(options);
        for (const each of history) happen(world, each);
        world.wake();
        settle(world);
        if (world.sandbox) expect(isTrue(world.sandbox.status?.conditions, 'Ready')).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('makes one instance as long as nothing breaks, whatever caches hide and passes leave undone', () => {
    const calm = fc.array(happenings('reconcile', 'progress', 'forget'), { maxLength: 40, size: 'max' });
    fc.assert(
      fc.property(calm, worlds, fc.boolean(), (history, options, hasPool) => {
        const world = new World(options);
        if (hasPool) addWarm(world);
        for (const each of history) happen(world, each);
        settle(world);
        expect(world.counts.created).toBe(hasPool ? 0 : 1);
        expect(world.sandbox?.status?.restarts).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});

function expectRest(world: World, pauses: number[]): void {
  if (!world.sandbox) return;
  for (const pause of pauses) {
    world.now += pause;
    const resting = world.sandbox.status;
    const look = world.reconcile();
    expect(look?.decision.actions).toEqual([]);
    expect(look?.decision.status).toEqual(resting);
    expect(look?.lookAt).toBe(Infinity);
  }
}

function expectSettled(world: World): void {
  const own = world.own();
  if (!world.sandbox) {
    expect(own).toEqual([]);
    expect([...world.workspaces.values()].filter((workspace) => workspace.ownerUid === 'uid-one')).toEqual([]);
    return;
  }
  const { spec, status, metadata } = world.sandbox;
  expect(metadata.deletionTimestamp).toBeUndefined();
  expect(world.reconcile()?.decision.statusWrite).toBe('none');
  const rests = isTrue(status?.conditions, 'Suspended') || isTrue(status?.conditions, 'Finished');
  if (spec.operatingMode === 'Suspended') expect(isTrue(status?.conditions, 'Suspended')).toBe(true);
  if (rests) {
    expect(own).toEqual([]);
    expect(status?.endpoint).toBeUndefined();
    return;
  }
  expect(isTrue(status?.conditions, 'Ready')).toBe(true);
  expect(own.map((instance) => instance.uid)).toEqual([status?.endpoint?.uid]);
  expect(own[0]?.closed).toBe(false);
  if (own[0]?.workspace === undefined) return;
  const workspace = world.workspaces.get(own[0].workspace);
  expect(workspace?.name).toBe(status?.workspace?.claimName);
  expect(workspace?.ownerUid).toBe(world.options.workspace === 'retained' ? undefined : 'uid-one');
}
