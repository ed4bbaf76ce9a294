import { eventually } from '@sandpiper/testing';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { startApiServerProxy } from '@sandpiper/testing/api-server-proxy';
import { afterAll, beforeAll, it } from 'vitest';
import { atMost } from './support/at-most.ts';
import { startDistortingProxy } from './support/distorting-proxy.ts';
import { beginDay, liveDay } from './support/everyday.ts';
import { leaseTimes } from './support/lease-times.ts';
import { openRun } from './support/run.ts';
import { chaosSettings } from './support/settings.ts';
import { makeTemplate } from './support/templates.ts';
import { openWorld, type World } from './support/world.ts';

describeWithControlPlane('watches that lag', (control) => {
  const inTurn = atMost(3);
  let world: World;
  beforeAll(async () => {
    world = await openWorld(control());
    await world.collecting();
  });
  afterAll(() => world.close());

  it.concurrent('by seconds make it slow, and nothing else', async ({ onTestFinished }) => {
    const lagMs = chaosSettings().form === 'short' ? 2_000 : 5_000;
    const view = await startDistortingProxy(control().kubeConfig, { lagMs });
    onTestFinished(() => view.close());
    const run = await openRun(world, 'lag');
    onTestFinished(() => run.close());
    const prompt = run.start();
    await prompt.started;
    await beginDay(run);
    prompt.kill();
    await run.start({ kubeConfig: view.kubeConfig }).started;
    await liveDay(run);
    // A start passes three or four watches, one after the other.
    await run.settled(20_000 + 8 * lagMs);
  });

  it.concurrent('do not hide from a new operator what the last one did in the meantime', async ({ onTestFinished }) => {
    const lagMs = 3_000;
    const view = await startDistortingProxy(control().kubeConfig, { lagMs });
    onTestFinished(() => view.close());
    const run = await openRun(world, 'stale');
    onTestFinished(() => run.close());
    const prompt = run.start();
    await prompt.started;
    await beginDay(run);
    // The next has its caches already, and hears of all that follows too late.
    const behind = run.start({ kubeConfig: view.kubeConfig });
    await behind.started;
    await liveDay(run);
    await run.settled(20_000 + 8 * lagMs);
  });

  const points = chaosSettings().form === 'short' ? [7] : [2, 4, 6, 7, 8, 10];
  it.concurrent.for(points)(
    'do not make a follower adopt twice when the leader is killed before write %i',
    (point, { onTestFinished }) =>
      inTurn(async () => {
        // Longer than it takes the follower to lead: what the leader did last, it hears only then.
        const view = await startDistortingProxy(control().kubeConfig, { lagMs: 1.5 * leaseTimes.leaseDurationMs });
        onTestFinished(() => view.close());
        const run = await openRun(world, 'follower');
        onTestFinished(() => run.close());
        const road = await startApiServerProxy({ kubeConfig: control().kubeConfig });
        onTestFinished(() => road.close());
        const leader = run.start({ leaseTimes, kubeConfig: road.kubeConfig });
        await leader.started;
        const follower = run.keepRunning({ leaseTimes, kubeConfig: view.kubeConfig });
        await makeTemplate(run, 'kept');
        await run.cluster.pool('warm', { templateRef: { name: 'kept' }, replicas: 3 });
        await run.settled(30_000);
        leader.killBeforeWrite(point);
        for (const name of ['one', 'two', 'three']) await run.sandbox(name, { templateRef: { name: 'kept' } });
        await eventually('the end of the leader', 20_000, () => leader.isDead);
        // A dead process renews no lease.
        road.inject({ kind: 'refuse' });
        await follower.started;
        await run.settled(60_000);
      }),
  );
});
