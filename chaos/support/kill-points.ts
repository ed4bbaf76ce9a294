import { eventually } from '@sandpiper/testing';
import { openRun, type Run } from './run.ts';
import type { Scenario } from './scenarios.ts';
import type { World } from './world.ts';

/** Within this, a fresh operator has put everything in order. */
const RECOVERY_MS = 30_000;

export interface KillPoints {
  /** What one undisturbed operator wrote, in order. */
  writes: string[];
  /** Before how many of these writes an operator was killed. */
  killed: number;
}

/**
 * Plays a scenario once to count its writes, then once for each of them with an operator that is killed before it, and
 * another that finds what the first has left.
 *
 * @param inTurn  bounds how many runs there are at once
 * @throws an AggregateError that says for each run that ended badly before which write the operator was killed
 */
export async function killAtEveryWrite(
  world: World,
  scenario: Scenario,
  inTurn: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<KillPoints> {
  const { writes } = await inTurn(() => play(world, scenario, undefined));
  const points = Array.from({ length: writes.length }, (_, index) => index + 1);
  const results = await Promise.allSettled(points.map((point) => inTurn(() => play(world, scenario, point))));
  const errors = results.flatMap((result, index) =>
    result.status === 'rejected'
      ? [new Error(`killed before write ${index + 1}, ${writes[index] ?? ''}: ${String(result.reason)}`)]
      : [],
  );
  if (errors.length > 0) {
    throw new AggregateError(errors, `${scenario.name}:\n${errors.map(({ message }) => message).join('\n')}`);
  }
  const killed = results.filter((result) => result.status === 'fulfilled' && result.value.wasKilled).length;
  return { writes, killed };
}

async function play(
  world: World,
  scenario: Scenario,
  point: number | undefined,
): Promise<{ writes: string[]; wasKilled: boolean }> {
  const run = await openRun(world, 'kill');
  try {
    const first = run.start();
    await first.started;
    await scenario.prepare(run);
    await run.settled(RECOVERY_MS);
    const before = first.writes.length;
    if (point !== undefined) first.killBeforeWrite(point);
    await scenario.act(run);
    if (point === undefined) await run.settled(RECOVERY_MS);
    else await untilDeadOrDone(run, () => first.isDead);
    const wasKilled = first.isDead;
    if (wasKilled) await recover(run, scenario);
    return { writes: first.writes.slice(before), wasKilled };
  } finally {
    await run.close();
  }
}

async function recover(run: Run, scenario: Scenario): Promise<void> {
  await scenario.meanwhile?.(run);
  const second = run.start();
  await second.started;
  await run.settled(RECOVERY_MS);
}

/** Timing may spare a write: then the operator lives, and everything is well without another. */
export async function untilDeadOrDone(run: Run, isDead: () => boolean): Promise<void> {
  const settled = run.settled(RECOVERY_MS).then(
    () => true,
    (error: unknown) => {
      if (!isDead()) throw error;
      return true;
    },
  );
  await Promise.race([settled, eventually('its end', RECOVERY_MS, isDead).catch(() => settled)]);
}
