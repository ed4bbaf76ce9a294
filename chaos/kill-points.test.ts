import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { afterAll, beforeAll, it } from 'vitest';
import { atMost } from './support/at-most.ts';
import { killAtEveryWrite } from './support/kill-points.ts';
import { scenarios } from './support/scenarios.ts';
import { chaosSettings } from './support/settings.ts';
import { openWorld, type World } from './support/world.ts';

describeWithControlPlane(
  'an operator that is killed between any two writes leaves nothing that the next cannot mend',
  (control) => {
    const { form } = chaosSettings();
    const played = scenarios.filter(({ isEssential }) => form === 'full' || isEssential);
    let world: World;
    beforeAll(async () => {
      world = await openWorld(control());
    });
    afterAll(() => world.close());
    const inTurn = atMost(10);

    it.concurrent.for(played)('$name', async (scenario, { expect }) => {
      const { writes, killed } = await killAtEveryWrite(world, scenario, inTurn);
      console.log(`${scenario.name}: killed at ${killed} of ${writes.length} writes (${writes.join(', ')})`);
      expect(writes.length).toBeGreaterThanOrEqual(scenario.leastWrites);
      // Whether two changes fall into one write is a matter of moments, so one point may be missed.
      expect(killed).toBeGreaterThanOrEqual(Math.max(0, writes.length - 1));
    });
  },
);
