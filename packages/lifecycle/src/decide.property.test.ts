import { isDeepStrictEqual } from 'node:util';
import { isTrue } from '@sandpiper/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fault, World } from './testing/world.ts';

/** One thing that happens to a sandbox: time, progress, a person, a mishap, or a pass of the reconciler with a fault. */
type Happening =
  | { do: 'reconcile'; fault: Fault; back: number }
  | { do: 'tick'; ms: number }
  | { do: 'progress' }
  | { do: 'suspend' | 'wake' | 'delete' | 'forget' }
  /** It became ready, and then nobody needed it for the idle timeout. */
  | { do: 'ripen' | 'idle' }
  | { do: 'busy' | 'template'; value: boolean }
  | { do: 'crash' | 'vanish' | 'hang' | 'drain'; nth: number }
  | { do: 'litter'; what: 'instance' | 'workspace' | 'duplicate' | 'warm' | 'halfAdopted' };

const nth = fc.nat(2);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('reconcile' as const),
      fault: fc.oneof(
        { weight: 6, arbitrary: fc.constant<Fault>('none') },
        { weight: 1, arbitrary: fc.constant<Fault>('dropped') },
        { weight: 2, arbitrary: fc.record({ onlyActions: fc.nat(2) }) },
      ),
      back: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(6) }),
    }),
  },
  { weight: 5, arbitrary: fc.constant<Happening>({ do: 'progress' }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('ripen' as const, 'idle' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('tick' as const), ms: fc.constantFrom(1, 400, 5_000, 130_000, 1_900_000) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('suspend' as const, 'wake' as const, 'wake' as const, 'forget' as const, 'delete' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('busy' as const, 'template' as const), value: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('crash' as const, 'vanish' as const, 'hang' as const, 'drain' as const),
      nth,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('litter' as const),
      what: fc.constantFrom(
        'instance' as const,
        'workspace' as const,
        'duplicate' as const,
        'warm' as const,
        'halfAdopted' as const,
      ),
    }),
  },
);
// The default size of fast-check would stop at about ten.
const histories = fc.array(happening, { maxLength: 40, size: 'max' });

describe('any order, loss or repetition of observations', () => {
  it('converges to the wish, and then rests', () => {
    fc.assert(
      fc.property(histories, fc.boolean(), (history, retain) => {
        const world = new World(retain);
        for (const each of history) happen(world, each);
        settle(world);
        expectSettled(world);
      }),
      { numRuns: 1500 },
    );
  });

  it('publishes only an instance that it owns, one at a time', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const world = new World();
        for (const each of history) {
          const before = world.sandbox?.status?.endpoint?.uid;
          happen(world, each);
          const published = world.sandbox?.status?.endpoint?.uid;
          if (published !== undefined && published !== before && each.do === 'reconcile' && each.back === 0) {
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
      fc.property(histories, fc.array(fc.integer({ min: 1, max: 10 ** 9 }), { maxLength: 5 }), (history, pauses) => {
        const world = new World();
        for (const each of history) happen(world, each);
        world.wish({ operatingMode: 'Suspended' });
        settle(world);
        if (!world.sandbox) return;
        for (const pause of pauses) {
          world.now += pause;
          const resting = world.sandbox.status;
          const decision = world.reconcile();
          expect(decision?.actions).toEqual([]);
          expect(decision?.status).toEqual(resting);
          expect(decision?.requeueAfterMs).toBeUndefined();
        }
      }),
      { numRuns: 300 },
    );
  });

  it('runs again after every wake', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const world = new World();
        for (const each of history) happen(world, each);
        world.wake();
        settle(world);
        if (world.sandbox) expect(isTrue(world.sandbox.status?.conditions, 'Ready')).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

function happen(world: World, it: Happening): void {
  switch (it.do) {
    case 'reconcile':
      world.reconcile(it.fault, it.back);
      return;
    case 'tick':
      world.now += it.ms;
      return;
    case 'progress':
      world.progress();
      return;
    case 'ripen':
      for (let pass = 0; pass < 5; pass += 1) {
        world.reconcile();
        world.progress();
      }
      return;
    case 'idle':
      world.now += 1_900_000;
      world.busy = false;
      world.reconcile();
      return;
    case 'suspend':
      world.wish({ operatingMode: 'Suspended' });
      return;
    case 'wake':
      world.wake();
      return;
    case 'delete':
      world.requestDeletion();
      return;
    case 'forget':
      world.forget();
      return;
    case 'busy':
      world.busy = it.value;
      return;
    case 'template':
      world.template = it.value ? new World(world.retain).template : undefined;
      return;
    case 'litter':
      litter(world, it.what);
      return;
    default:
      harm(world, it);
  }
}

function harm(world: World, it: Extract<Happening, { nth: number }>): void {
  const own = world.own();
  const instance = own[it.nth % Math.max(1, own.length)];
  if (!instance) return;
  if (it.do === 'vanish') world.instances.delete(instance.uid);
  if (it.do === 'drain') instance.terminating = true;
  if (it.do === 'hang') instance.toolsReady = false;
  if (it.do === 'crash') {
    instance.state = 'Failed';
    instance.lastExit = { reason: 'Crashed', message: 'It crashed.', exitCode: 1, at: world.now };
  }
}

function litter(world: World, what: Extract<Happening, { do: 'litter' }>['what']): void {
  if (what === 'instance') world.addInstance('foreign-1', { state: 'Running' });
  if (what === 'workspace' && !world.workspaces.has('sbx-one')) {
    world.workspaces.set('sbx-one', { name: 'sbx-one', ownerUid: 'somebody-else', terminating: false });
  }
  if (what === 'duplicate' && world.sandbox) world.addInstance('twin', { ownerUid: 'uid-one' });
  if (what === 'halfAdopted') {
    // The instance was taken over, and then the observer ended before it came to the workspace.
    const warm = world.instances.get('warm-1');
    if (warm?.ownerUid === undefined && world.sandbox && !world.sandbox.status?.workspace && warm)
      warm.ownerUid = 'uid-one';
  }
  if (what === 'warm' && !world.instances.has('warm-1') && !world.workspaces.has('warm-ws')) {
    world.workspaces.set('warm-ws', { name: 'warm-ws', ownerUid: 'warm-1', terminating: false });
    world.addInstance('warm-1', {
      ownerUid: undefined,
      workspace: 'warm-ws',
      warm: true,
      state: 'Running',
      toolsReady: true,
    });
  }
}

/** From here on nothing breaks: foreign things go, the template is there, somebody works in the sandbox. */
function settle(world: World): void {
  world.instances.delete('foreign-1');
  if (world.workspaces.get('sbx-one')?.ownerUid === 'somebody-else') world.workspaces.delete('sbx-one');
  world.template ??= new World(world.retain).template;
  world.busy = true;
  for (let pass = 0; pass < 200; pass += 1) {
    const before = world.sandbox;
    const decision = world.reconcile();
    const moved = world.progress();
    if (moved || world.sandbox !== before || (decision?.actions.length ?? 0) > 0) continue;
    if (decision?.requeueAfterMs === undefined || isTrue(decision.status.conditions, 'Ready')) return;
    world.now += decision.requeueAfterMs;
  }
  throw new Error(`It does not come to rest: ${JSON.stringify(world.sandbox?.status)}`);
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
  expect(isDeepStrictEqual(world.reconcile()?.status, status)).toBe(true);
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
  expect(workspace?.ownerUid).toBe(world.retain ? undefined : 'uid-one');
}
