import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import type { Fault, SeenRequest } from '@sandpiper/testing/api-server-proxy';
import { startApiServerProxy } from '@sandpiper/testing/api-server-proxy';
import { afterAll, beforeAll, it } from 'vitest';
import { type Chance, chanceOf } from './support/chance.ts';
import { beginDay, liveDay } from './support/everyday.ts';
import { meddle } from './support/meddler.ts';
import { openRun } from './support/run.ts';
import { chaosSettings } from './support/settings.ts';
import { openWorld, type World } from './support/world.ts';

const faults: { name: string; fault: Fault }[] = [
  { name: 'are answered with a conflict that is none', fault: { kind: 'answer', status: 409, reason: 'Conflict' } },
  { name: 'fail in the server', fault: { kind: 'answer', status: 500 } },
  { name: 'take effect, and the answer is lost', fault: { kind: 'lose-answer' } },
];

/** Then it is over: one sandbox that is unlucky a dozen times in a row waits for a minute. */
const TROUBLES = 15;

describeWithControlPlane('a third of all writes', (control) => {
  const { seed } = chaosSettings();
  let world: World;
  beforeAll(async () => {
    world = await openWorld(control());
    await world.collecting();
  });
  afterAll(() => world.close());

  it.concurrent.for(faults)(`$name [seed ${seed}]`, async ({ fault }, { expect, onTestFinished }) => {
    const proxy = await startApiServerProxy({ kubeConfig: control().kubeConfig });
    onTestFinished(() => proxy.close());
    const run = await openRun(world, 'refused', { kubeConfig: proxy.kubeConfig });
    onTestFinished(() => run.close());
    await run.start().started;
    await beginDay(run);
    const injection = proxy.inject(fault, { fits: oneInThree(chanceOf(seed)), times: TROUBLES });
    await liveDay(run);
    await run.settled(60_000);
    expect(injection.hits).toBeGreaterThan(0);
  });

  it.concurrent(`meet somebody who was a moment faster [seed ${seed}]`, async ({ expect, onTestFinished }) => {
    const run = await openRun(world, 'conflict');
    onTestFinished(() => run.close());
    const chance = chanceOf(seed);
    let isMeddling = false;
    let meddled = 0;
    await run.start({
      async beforeWrite(write) {
        // The first of them always, so that every seed tries something.
        const isDue = isMeddling && (meddled === 0 || chance() < 1 / 3);
        if (isDue && (await meddle(run.cluster.client, write))) meddled += 1;
      },
    }).started;
    await beginDay(run);
    isMeddling = true;
    await liveDay(run);
    await run.settled(60_000);
    expect(meddled).toBeGreaterThan(0);
  });
});

function oneInThree(chance: Chance): (request: SeenRequest) => boolean {
  const writes = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
  return ({ method, url }) => writes.has(method) && !url.includes('/events') && chance() < 1 / 3;
}
