import { type ControlPlane, findControlPlane } from '@sandpiper/testing/control-plane';
import { eventually } from '@sandpiper/testing';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { afterAll, beforeAll, it, onTestFinished } from 'vitest';
import { startFamiliarControlPlane } from './support/control-plane.ts';
import { beginDay, liveDay } from './support/everyday.ts';
import { openRun } from './support/run.ts';
import { openWorld, type World } from './support/world.ts';

const source = findControlPlane(process.env);

// Somebody else's API server is not stopped.
const ownOnly = it.skipIf(source.kind === 'existing');

describeWithControlPlane('an API server that goes away', () => {
  let own: ControlPlane | undefined;
  let world: World | undefined;
  beforeAll(async () => {
    if (source.kind !== 'binaries') return;
    own = await startFamiliarControlPlane(source);
    world = await openWorld(own);
    await world.collecting();
  });
  afterAll(async () => {
    await world?.close();
    await own?.close();
  });

  ownOnly.for(['SIGKILL', 'SIGTERM'] as const)('by %s and comes back finds everybody at work again', async (signal) => {
    if (!own || !world) throw new Error('There is no control plane of our own.');
    const run = await openRun(world, 'outage');
    onTestFinished(() => run.close());
    const operator = run.start();
    await operator.started;
    await beginDay(run);
    const before = operator.writes.length;
    await liveDay(run);
    // In the midst of it.
    await eventually('some writes', 10_000, () => operator.writes.length > before + 2, { everyMs: 1 });
    await own.stopApiServer(signal);
    await own.startApiServer();
    // The garbage collector needs more than a minute to find its way back.
    await run.settled(180_000);
  });
});
