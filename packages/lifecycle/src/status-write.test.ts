import { isTrue } from '@sandpiper/api';
import { describe, expect, it } from 'vitest';
import type { Decision } from './decision.ts';
import { decide } from './decide.ts';
import type { Observation } from './observation.ts';
import { aSandbox, anInstance, anObservation, aTemplate, aWorkspace, DISPLAY, T0 } from './testing/builders.ts';
import { addWarm } from './testing/history.ts';
import { after, MINUTE, seenRunning, wokenAt } from './testing/seen.ts';
import { World } from './testing/world.ts';

const starting = { toolsReady: false, desktop: 'starting' as const };

function seenStarting(instance: Parameters<typeof anInstance>[0]): Observation {
  return anObservation({ instances: [anInstance(instance)], workspaces: [aWorkspace()] });
}

/** Lets a sandbox start, each step of it lasting so long. */
function launch(world: World, stepMs: number): void {
  for (let pass = 0; pass < 30; pass += 1) {
    const look = world.reconcile();
    if (isTrue(world.sandbox?.status?.conditions, 'Ready')) return;
    if (look && look.decision.actions.length > 0) continue;
    const next = world.now + stepMs;
    while (look && world.now < next) {
      world.now = Math.min(next, Math.max(world.now + 1, world.reconcile()?.lookAt ?? next));
    }
    world.progress();
  }
  throw new Error('It does not become ready.');
}

describe('writes of a launch', () => {
  it.each(['none', 'owned', 'retained'] as const)(
    'are one when it is warm, after the adoption, with %s',
    (workspace) => {
      const world = new World({ driver: 'cluster', workspace });
      addWarm(world);
      const first = world.reconcile();
      expect(first?.decision).toMatchObject({
        statusWrite: 'soon',
        actions: [{ type: 'adoptInstance', uid: 'warm-1' }],
      });
      expect(world.counts.statusWrites).toBe(0);
      expect(world.own()).toHaveLength(1);
      launch(world, 100);
      expect(world.counts).toEqual({ statusWrites: 1, created: 0 });
    },
  );

  it.each([
    ['none', 2],
    ['owned', 2],
    // A retained workspace is recorded before it is made.
    ['retained', 3],
  ] as const)('are few when it is cold, with %s', (workspace, writes) => {
    const world = new World({ driver: 'cluster', workspace });
    launch(world, 300);
    expect(world.counts).toEqual({ statusWrites: writes, created: 1 });
  });

  it('are one more for each phase that lasts', () => {
    const world = new World({ driver: 'cluster' });
    launch(world, 5_000);
    // It waits for its pod, then for tools, then for the desktop, which is told of without waiting.
    expect(world.counts).toEqual({ statusWrites: 4, created: 1 });
  });
});

describe('when a status is stored', () => {
  const agreed = { instanceUid: 'i-1', generation: 1, agreed: true, idleForMs: 30 * MINUTE, at: T0 };
  const slept = seenRunning(MINUTE, { spec: { operatingMode: 'Suspended' } }, { instances: [] });
  const awake = { ...slept, sandbox: { ...after(slept), spec: aSandbox().spec } };
  const crashed = anInstance({ state: 'Failed', toolsReady: false });
  const wished = { ...seenRunning(MINUTE), sandbox: wokenAt(seenRunning(MINUTE).sandbox, T0 + 1) };
  const exit = { reason: 'Error', message: 'It ended.', at: T0 };
  const failed = seenRunning(MINUTE, {}, { instances: [crashed] });
  const deleting = seenRunning(MINUTE);
  deleting.sandbox.metadata.deletionTimestamp = new Date(T0).toISOString();

  it.each<[Decision['statusWrite'], string, Observation]>([
    ['none', 'nothing is new', seenRunning(MINUTE)],
    ['soon', 'an instance is being made', anObservation()],
    [
      'soon',
      'a warm one is being adopted',
      anObservation({ candidates: [{ uid: 'w', createdAt: T0, display: DISPLAY }] }),
    ],
    ['soon', 'it is not running yet', seenStarting({ ...starting, state: 'Pending' })],
    // Until it is stored, the wish is new to whoever comes after us.
    ['soon', 'it takes work again for a new wish', wished],
    ['soon', 'tools are starting', seenStarting(starting)],
    ['soon', 'a pause before the next start', { ...failed, sandbox: after(failed), instances: [] }],
    ['now', 'tools answer before the desktop', seenStarting({ desktop: 'starting' })],
    ['now', 'it is ready', seenStarting({})],
    ['now', 'tools fall silent', seenRunning(MINUTE, { instance: starting })],
    ['now', 'the desktop restarts', seenRunning(MINUTE, { instance: { desktop: 'starting' } })],
    ['now', 'it has another address', seenRunning(MINUTE, { instance: { address: 'unix:/elsewhere' } })],
    ['now', 'it restarted in place', seenRunning(MINUTE, { instance: { restarts: 1, lastExit: exit } })],
    ['now', 'something has its name', anObservation({ instances: [anInstance({ ownerUid: 'other' })] })],
    ['now', 'there is no template', anObservation({ template: undefined })],
    ['now', 'it sleeps without an instance', slept],
    ['now', 'it is being deleted', deleting],
    ['first', 'it falls asleep', seenRunning(MINUTE, {}, { suspendAnswer: agreed })],
    ['first', 'it wakes', awake],
    ['first', 'a failure is counted', failed],
    ['first', 'its time is over', seenRunning(MINUTE, { spec: { lifetime: { maxLifetime: '1m' } } })],
    ['first', 'a retained workspace is made', anObservation({ template: aTemplate('retained') })],
    [
      'first',
      'it wakes to a warm one',
      {
        ...awake,
        sandbox: unclaimed(awake),
        candidates: [{ uid: 'w', createdAt: T0, display: DISPLAY }],
        workspaces: [],
      },
    ],
  ])('%s: %s', (statusWrite, _when, seen) => expect(decide(seen).statusWrite).toBe(statusWrite));
});

/** It was put to sleep before it ever ran. */
function unclaimed({ sandbox }: Observation): Observation['sandbox'] {
  const { workspace: _none, ...status } = sandbox.status ?? {};
  return { ...sandbox, status };
}
