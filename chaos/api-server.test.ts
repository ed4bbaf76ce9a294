import { type ControlPlane, findControlPlane } from '@sandpiper/testing/control-plane';
import { eventually } from '@sandpiper/testing';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { afterAll, beforeAll, it, onTestFinished } from 'vitest';
import { startFamiliarControlPlane } from './support/control-plane.ts';
import { beginDay, liveDay } from './support/everyday.ts';
import { openRun } from './support/run.ts';
import { chaosSettings } from './support/settings.ts';
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

  ownOnly.for(['SIGTERM', 'SIGKILL'] as const)('by %s and comes back finds everybody at work again', async (signal) => {
    if (!own || !world) throw new Error('There is no control plane of our own.');
    const run = await openRun(world, 'outage');
    onTestFinished(() => run.close());
    const operator = run.start();
    await operator.started;
    await beginDay(run);
    const before = operator.writes.length;
    // The garbage collector takes minutes to find its way back; that is its own affair.
    await liveDay(run, { deletes: chaosSettings().form === 'full' });
    // In the midst of it.
    await eventually('some writes', 10_000, () => operator.writes.length > before + 2, { everyMs: 1 });
    await own.stopApiServer(signal);
    await own.startApiServer();
    await run.settled(180_000);
  });
});
