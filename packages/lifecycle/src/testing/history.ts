import fc from 'fast-check';
import type { Fault, Lag, World, WorldOptions } from './world.ts';

/** One thing that happens to a sandbox: time, progress, a person, a mishap, or a pass of the reconciler with a fault. */
export type Happening =
  | { do: 'reconcile'; fault: Fault; lag: Lag }
  | { do: 'tick'; ms: number }
  | { do: 'progress' }
  | { do: 'suspend' | 'wake' | 'delete' | 'forget' }
  /** It became ready, and then nobody needed it for the idle timeout. */
  | { do: 'ripen' | 'idle' }
  | { do: 'patience'; idleTimeout: string }
  | { do: 'busy' | 'deaf' | 'template' | 'trouble'; value: boolean }
  | { do: 'refuse'; kind: 'failed' | 'refused' | 'capacity' | undefined }
  | { do: 'crash'; nth: number; reason: string }
  | { do: 'vanish' | 'hang' | 'drain' | 'restart' | 'silence' | 'return' | 'nodeGone'; nth: number }
  | { do: 'litter'; what: 'instance' | 'workspace' | 'duplicate' | 'warm' | 'halfAdopted' };

const nth = fc.nat(2);
const lately = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(6) });

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
      lag: fc.record({ sandbox: lately, instances: lately }),
    }),
  },
  { weight: 5, arbitrary: fc.constant<Happening>({ do: 'progress' }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('ripen' as const, 'idle' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('tick' as const),
      ms: fc.constantFrom(1, 400, 1_000, 5_000, 31_000, 130_000, 1_900_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('suspend' as const, 'wake' as const, 'wake' as const, 'forget' as const, 'delete' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('busy' as const, 'deaf' as const, 'template' as const, 'trouble' as const),
      value: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.record({ do: fc.constant('patience' as const), idleTimeout: fc.constantFrom('1m', '9h') }),
      fc.record({
        do: fc.constant('refuse' as const),
        kind: fc.constantFrom('failed' as const, 'refused' as const, 'capacity' as const, undefined),
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.oneof(
      fc.record({
        do: fc.constant('crash' as const),
        nth,
        reason: fc.constantFrom('Error', 'OOMKilled', 'Evicted', 'Preempted', 'NodeShutdown'),
      }),
      fc.record({ do: fc.constantFrom('vanish' as const, 'hang' as const, 'drain' as const, 'restart' as const), nth }),
      fc.record({ do: fc.constantFrom('silence' as const, 'return' as const, 'nodeGone' as const), nth }),
    ),
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
export const histories = fc.array(happening, { maxLength: 40, size: 'max' });

/** Only what may happen of these kinds. */
export function happenings(...kinds: Happening['do'][]): fc.Arbitrary<Happening> {
  return happening.filter((each) => kinds.includes(each.do));
}

const skewMs = fc.oneof(fc.constant(0), fc.integer({ min: -60_000, max: 60_000 }));

/** Clocks that differ by no more than what is borne. */
export const skews = fc.record({ server: skewMs, asker: skewMs, node: skewMs });

export const worlds: fc.Arbitrary<WorldOptions> = fc.record({
  workspace: fc.constantFrom('owned', 'owned', 'retained', 'none'),
  driver: fc.constantFrom('host', 'cluster', 'cluster'),
  // As a driver does it, not at all, and so long that most of it is never stored.
  holdMs: fc.constantFrom(1_000, 1_000, 0, 30_000),
  skew: skews,
  knowsSkew: fc.boolean(),
});

export function happen(world: World, it: Happening): void {
  switch (it.do) {
    case 'reconcile':
      world.reconcile(it.fault, world.options.driver === 'cluster' ? it.lag : undefined);
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
    case 'patience':
      world.wish({ lifetime: { idleTimeout: it.idleTimeout } });
      return;
    case 'busy':
      world.busy = it.value;
      return;
    case 'deaf':
      world.deaf = it.value;
      return;
    case 'template':
      world.template = it.value ? world.theTemplate() : undefined;
      return;
    case 'trouble':
      hinder(world, it.value);
      return;
    case 'refuse':
      world.refusal = it.kind && { kind: it.kind, reason: REFUSALS[it.kind], message: 'No.' };
      return;
    case 'litter':
      litter(world, it.what);
      return;
    default:
      harm(world, it);
  }
}

const REFUSALS = { failed: 'CreateFailed', refused: 'PodRefused', capacity: 'QuotaExceeded' } as const;

function hinder(world: World, value: boolean): void {
  for (const instance of world.own()) {
    if (value)
      instance.trouble = { reason: 'Unschedulable', message: `0/${world.counts.created} nodes are available.` };
    else delete instance.trouble;
  }
}

function harm(world: World, it: Extract<Happening, { nth: number }>): void {
  const own = world.own();
  const instance = own[it.nth % Math.max(1, own.length)];
  if (!instance) return;
  const exit = { message: 'It ended.', exitCode: 1, at: world.nodeTime() };
  switch (it.do) {
    case 'vanish':
      world.instances.delete(instance.uid);
      return;
    case 'drain':
      instance.terminating = true;
      return;
    case 'hang':
      instance.toolsReady = false;
      return;
    case 'restart':
      if (instance.state !== 'Running') return;
      instance.toolsReady = false;
      instance.restarts += 1;
      instance.runningSince = world.nodeTime();
      instance.lastExit = { reason: 'Error', ...exit };
      return;
    case 'crash':
      instance.state = 'Failed';
      instance.lastExit = { reason: it.reason, ...exit };
      return;
    case 'silence':
      instance.nodeLost = true;
      return;
    case 'return':
      delete instance.nodeLost;
      return;
    case 'nodeGone':
      // An administrator has deleted the node; what was on it goes with it.
      if (instance.nodeLost) world.instances.delete(instance.uid);
  }
}

function litter(world: World, what: Extract<Happening, { do: 'litter' }>['what']): void {
  if (what === 'instance') world.addInstance('foreign-1', { state: 'Running' });
  if (what === 'workspace' && !world.workspaces.has('sbx-one')) {
    world.workspaces.set('sbx-one', { name: 'sbx-one', ownerUid: 'somebody-else', terminating: false });
  }
  if (what === 'duplicate' && world.sandbox) world.addInstance(world.mint('twin'), { ownerUid: 'uid-one' });
  if (what === 'halfAdopted') {
    // The instance was taken over, and then the observer ended before it came to the workspace.
    const warm = [...world.instances.values()].find((instance) => instance.warm && instance.ownerUid === undefined);
    const isFree = world.sandbox && !world.sandbox.status?.workspace && world.own().length === 0;
    if (warm && isFree) warm.ownerUid = 'uid-one';
  }
  if (what === 'warm') addWarm(world);
}

/** Puts a ready instance into the pool, unless there is one. */
export function addWarm(world: World): void {
  if ([...world.instances.values()].some((instance) => instance.warm)) return;
  const uid = world.mint('warm');
  const workspace = world.options.workspace === 'none' ? undefined : `${uid}-ws`;
  if (workspace !== undefined) world.workspaces.set(workspace, { name: workspace, ownerUid: uid, terminating: false });
  world.addInstance(uid, {
    ownerUid: undefined,
    workspace,
    warm: true,
    state: 'Running',
    toolsReady: true,
    desktop: 'ready',
  });
}
