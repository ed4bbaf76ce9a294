import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aPool } from '../testing/objects.ts';
import { planPool, type PoolView, STUCK_MS, type WarmPod } from './plan.ts';

const NOW = 1_000_000_000;

function pod(name: string, rest: Partial<WarmPod> = {}): WarmPod {
  return {
    name,
    uid: `uid-${name}`,
    createdAt: NOW - 1000,
    ready: true,
    terminating: false,
    failed: false,
    templateHash: 'new',
    ...rest,
  };
}

function view(rest: Partial<PoolView> & { spec?: Parameters<typeof aPool>[0] } = {}): PoolView {
  const { spec, ...others } = rest;
  return { pool: aPool({ replicas: 3, ...spec }), templateHash: 'new', pods: [], allowance: 100, now: NOW, ...others };
}

describe('the plan of a pool', () => {
  it('starts what is missing, as far as its pace allows', () => {
    expect(planPool(view())).toMatchObject({ create: 3, remove: [], replicas: 0 });
    expect(planPool(view({ pods: [pod('a')] }))).toMatchObject({ create: 2, replicas: 1, readyReplicas: 1 });
    expect(planPool(view({ allowance: 1.9 }))).toMatchObject({ create: 1 });
  });

  it('counts those that are ending against maxReplicas', () => {
    const pods = [pod('a'), pod('b', { terminating: true }), pod('c', { terminating: true })];
    expect(planPool(view({ spec: { maxReplicas: 4 }, pods }))).toMatchObject({ create: 1, heldBack: 1 });
  });

  it('replaces what failed, and what is not ready for too long', () => {
    const pods = [pod('a', { failed: true }), pod('b', { ready: false, createdAt: NOW - STUCK_MS }), pod('c')];
    expect(planPool(view({ pods }))).toMatchObject({
      create: 2,
      remove: [
        { name: 'a', reason: 'failed' },
        { name: 'b', reason: 'stuck' },
      ],
    });
  });

  it('looks again when the oldest of those that start would be stuck', () => {
    const pods = [pod('a', { ready: false, createdAt: NOW - 60_000 }), pod('b', { ready: false })];
    expect(planPool(view({ pods })).requeueAfterMs).toBe(STUCK_MS - 60_000);
    expect(planPool(view({ pods: [pod('a')] })).requeueAfterMs).toBeUndefined();
  });

  it('replaces outdated ones at once, or leaves ready ones to be taken', () => {
    const pods = [pod('a', { templateHash: 'old' }), pod('b', { templateHash: 'old', ready: false }), pod('c')];
    const atOnce = planPool(view({ spec: { updateStrategy: 'Recreate' }, pods }));
    expect(atOnce.remove.map(({ name }) => name)).toEqual(['a', 'b']);
    const taken = planPool(view({ spec: { updateStrategy: 'OnReplenish' }, pods }));
    expect(taken.remove.map(({ name }) => name)).toEqual(['b']);
    expect(taken).toMatchObject({ create: 1, outdated: 1 });
  });

  it('takes away what is more than wanted, the least useful first', () => {
    const pods = [pod('ready'), pod('old', { templateHash: 'old' }), pod('starting', { ready: false })];
    const plan = planPool(view({ spec: { replicas: 1 }, pods }));
    expect(plan.remove.map(({ name }) => name)).toEqual(['starting', 'old']);
    expect(plan).toMatchObject({ create: 0, replicas: 1, readyReplicas: 1 });
  });

  it('never has more than it wants, never exceeds maxReplicas, and rests once it is full', () => {
    const anyPod = fc.record({
      ready: fc.boolean(),
      terminating: fc.boolean(),
      failed: fc.boolean(),
      templateHash: fc.constantFrom('new', 'old'),
      createdAt: fc.constantFrom(NOW - 1000, NOW - STUCK_MS - 1),
    });
    const spec = fc.record({
      replicas: fc.nat(8),
      updateStrategy: fc.constantFrom('Recreate' as const, 'OnReplenish' as const),
    });
    fc.assert(
      fc.property(fc.array(anyPod, { maxLength: 12 }), spec, fc.nat(5), (pods, wanted, over) => {
        const named = pods.map((each, index) => pod(`p${index.toString()}`, each));
        const maxReplicas = Math.max(1, wanted.replicas + over);
        const plan = planPool(view({ spec: { ...wanted, maxReplicas }, pods: named }));
        expect(plan.replicas + plan.create).toBeLessThanOrEqual(wanted.replicas);
        if (plan.create > 0) expect(named.length + plan.create).toBeLessThanOrEqual(maxReplicas);
        expect(plan.replicas + plan.create + plan.heldBack).toBe(wanted.replicas);

        const gone = new Set(plan.remove.map(({ uid }) => uid));
        const after = named.filter(({ uid, terminating }) => !gone.has(uid) && !terminating);
        for (let index = 0; index < wanted.replicas - plan.replicas; index += 1)
          after.push(pod(`n${index.toString()}`));
        expect(planPool(view({ spec: { ...wanted, maxReplicas }, pods: after }))).toMatchObject({
          create: 0,
          remove: [],
        });
      }),
    );
  });
});
