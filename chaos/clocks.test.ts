import { findCondition } from '@sandpiper/api';
import { eventually } from '@sandpiper/testing';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { afterAll, beforeAll, it, type TestContext } from 'vitest';
import { startDistortingProxy } from './support/distorting-proxy.ts';
import { beginDay, liveDay } from './support/everyday.ts';
import { openRun, type Run } from './support/run.ts';
import { chaosSettings } from './support/settings.ts';
import { openWorld, type World } from './support/world.ts';

describeWithControlPlane('clocks that differ', (control) => {
  const isShort = chaosSettings().form === 'short';
  // Just below the minute, since a measurement wavers by half a second.
  const borne = [[58_000, -58_000] as const, [-58_000, 58_000] as const].slice(0, isShort ? 1 : 2);
  const said = [-90_000, 90_000].slice(0, isShort ? 1 : 2);
  let world: World;
  beforeAll(async () => {
    world = await openWorld(control());
    await world.collecting();
  });
  afterAll(() => world.close());

  /** An operator whose clock is ahead of all others, as it sees and as it measures. */
  const startAhead = async ({ onTestFinished }: TestContext, run: Run, clockAheadMs: number) => {
    const view = await startDistortingProxy(control().kubeConfig, { clockAheadMs: -clockAheadMs });
    onTestFinished(() => view.close());
    const replica = run.start({ kubeConfig: view.kubeConfig, clockAheadMs: () => clockAheadMs });
    await replica.started;
    return replica;
  };
  const openNamespace = async ({ onTestFinished }: TestContext): Promise<Run> => {
    const run = await openRun(world, 'clocks');
    onTestFinished(() => run.close());
    return run;
  };
  const clocksOf = async (run: Run, name: string) =>
    findCondition((await run.cluster.get(name))?.status?.conditions, 'ClockSynchronized');

  it.concurrent.for(borne)(
    'by %i ms, and by %i ms after a change of leaders, are borne',
    async ([before, after], context) => {
      const run = await openNamespace(context);
      const first = await startAhead(context, run, before);
      await beginDay(run);
      first.killBeforeWrite(6);
      await liveDay(run);
      await eventually('the end of the first', 20_000, () => first.isDead);
      await startAhead(context, run, after);
      await run.settled(40_000);
      for (const name of ['cold', 'first', 'sleeping'])
        context.expect((await clocksOf(run, name))?.status).not.toBe('False');
    },
  );

  it.concurrent.for(said)('by %i ms are said, and nothing breaks', async (aheadMs, context) => {
    const run = await openNamespace(context);
    await startAhead(context, run, aheadMs);
    await beginDay(run);
    await liveDay(run);
    await run.settled(40_000);
    const told = await clocksOf(run, 'first');
    context.expect([told?.status, told?.reason]).toEqual(['False', 'ClocksDiffer']);
    context.expect(told?.message).toMatch(aheadMs > 0 ? /behind ours/ : /ahead of ours/);
  });
});
