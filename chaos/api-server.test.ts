import { type ControlPlane, findControlPlane } from '@sandpiper/testing/control-plane';
import { eventually } from '@sandpiper/testing';
import { startFakeKubelet } from '@sandpiper/testing/fake-kubelet';
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
    // A deletion just before an outage may be missed by the garbage collector of Kubernetes 1.34 for good: that is not ours to test.
    await liveDay(run, { deletes: false });
    // In the midst of it.
    await eventually('some writes', 10_000, () => operator.writes.length > before + 2, { everyMs: 1 });
    await own.stopApiServer(signal);
    await own.startApiServer();
    // The fake volume provisioner does not try again what failed in the outage; a second one does.
    const provisioner = await startFakeKubelet({ client: own.client, nodes: [] });
    onTestFinished(() => provisioner.close());
    await run.settled(60_000);
  });
});
