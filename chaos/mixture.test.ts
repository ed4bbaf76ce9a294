import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { afterAll, beforeAll, it } from 'vitest';
import { mixFaults } from './support/mixture.ts';
import { chaosSettings } from './support/settings.ts';
import { openWorld, type World } from './support/world.ts';

const { seed, minutes } = chaosSettings();
/** Namespaces at once. */
const COUNT = 4;

describeWithControlPlane('faults in any mixture', (control) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(control());
    await world.collecting();
  });
  afterAll(() => world.close());

  it(
    `for ${minutes} min leave everything in order [seed ${seed}]`,
    { timeout: minutes * 60_000 + 240_000 },
    async ({ expect }) => {
      const until = performance.now() + minutes * 60_000;
      const mixtures = Array.from({ length: COUNT }, (_, index) => mixFaults(world, seed + index, until));
      const results = await Promise.allSettled(mixtures);
      const failures = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
      expect(failures, failures.join('\n\n')).toEqual([]);
      const rounds = results.map((result) => (result.status === 'fulfilled' ? result.value : 0));
      console.log(`faults in any mixture: ${rounds.join(' + ')} rounds`);
    },
  );
});
