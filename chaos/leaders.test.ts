import { eventually } from '@sandpiper/testing';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { startApiServerProxy } from '@sandpiper/testing/api-server-proxy';
import { afterAll, beforeAll, it } from 'vitest';
import { atMost } from './support/at-most.ts';
import { beginDay, liveDay } from './support/everyday.ts';
import { leaseTimes } from './support/lease-times.ts';
import { startReplicaProcess } from './support/paused-replica.ts';
import { openRun } from './support/run.ts';
import { chaosSettings } from './support/settings.ts';
import { openWorld, type World } from './support/world.ts';

const isWrite = ({ method, url }: { method: string; url: string }): boolean =>
  method !== 'GET' && !url.includes('/leases') && !url.includes('/events');

describeWithControlPlane('of two leaders', (control) => {
  const points = chaosSettings().form === 'short' ? [4] : [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  /** A leader that gets no processor loses its lease. */
  const inTurn = atMost(3);
  let world: World;
  beforeAll(async () => {
    world = await openWorld(control());
    await world.collecting();
  });
  afterAll(() => world.close());

  it.concurrent.for(points)(
    'one that is cut off at write %i, and whose write arrives when another leads already, does no harm',
    (point, context) =>
      inTurn(async () => {
        const { expect, onTestFinished } = context;
        const proxy = await startApiServerProxy({ kubeConfig: control().kubeConfig });
        onTestFinished(() => proxy.close());
        const run = await openRun(world, 'cut');
        onTestFinished(() => run.close());
        let left = Infinity;
        const first = run.start({
          kubeConfig: proxy.kubeConfig,
          leaseTimes,
          outlivesLoss: true,
          beforeWrite() {
            left -= 1;
            if (left !== 0) return;
            // What is on its way is held up for longer than it takes another to lead; nothing else gets through.
            proxy.inject({ kind: 'delay', ms: 1.5 * leaseTimes.leaseDurationMs }, { fits: isWrite, times: 1 });
            proxy.inject({ kind: 'refuse' });
            proxy.stallWatches();
          },
        });
        await first.started;
        const second = run.keepRunning({ leaseTimes });
        await beginDay(run);
        expect(second.writes).toEqual([]);
        left = point;
        await liveDay(run);
        await second.started;
        await run.settled(40_000);
        expect(first.hasLost).toBe(true);
        expect(second.writes.length).toBeGreaterThan(0);
      }),
  );

  it.concurrent.for(points.slice(0, 4))(
    'one that is paused after write %i and wakes when another leads ends itself',
    (point, context) =>
      inTurn(async () => {
        const { expect, onTestFinished } = context;
        const run = await openRun(world, 'pause');
        onTestFinished(() => run.close());
        const first = startReplicaProcess({
          kubeconfigPath: control().kubeconfigPath,
          namespace: run.cluster.namespace,
          keys: run.keys,
          leaseTimes,
        });
        onTestFinished(() => first.close());
        await first.leads;
        await beginDay(run);
        const second = run.keepRunning({ leaseTimes });
        first.pauseAfterWrites(point);
        await liveDay(run);
        await second.started;
        await run.settled(40_000);
        first.resume();
        await eventually('its end', 10_000, () => first.exitCode !== undefined);
        expect(first.exitCode).toBe(3);
        await run.settled(10_000);
      }),
  );
});
