import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { afterAll, beforeAll, it } from 'vitest';
import { startDistortingProxy } from './support/distorting-proxy.ts';
import { beginDay, liveDay } from './support/everyday.ts';
import { openRun } from './support/run.ts';
import { chaosSettings } from './support/settings.ts';
import { openWorld, type World } from './support/world.ts';

describeWithControlPlane('watches that lag', (control) => {
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
});
