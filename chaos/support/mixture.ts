import { chanceOf, pick, type Chance } from './chance.ts';
import { type DistortingProxy, startDistortingProxy } from './distorting-proxy.ts';
import { untilDeadOrDone } from './kill-points.ts';
import { meddle } from './meddler.ts';
import { openRun, type Run } from './run.ts';
import { makeTemplate } from './templates.ts';
import type { World } from './world.ts';

/** Within this, all is well again after a round. */
const RECOVERY_MS = 60_000;
/** More sandboxes than this are not had at once. */
const CROWD = 5;

/**
 * Lets people do things at random in one namespace while operators suffer at random, round after round.
 *
 * @param until  when no other round begins, ms of `performance.now()`
 * @returns how many rounds there were
 * @throws an Error with what happened in each round, when something is wrong after one
 */
export async function mixFaults(world: World, seed: number, until: number): Promise<number> {
  const chance = chanceOf(seed);
  const history: string[] = [];
  const run = await openRun(world, 'mixture');
  const views: DistortingProxy[] = [];
  try {
    const first = run.start();
    await first.started;
    await Promise.all([makeTemplate(run, 'scratch'), makeTemplate(run, 'disk'), makeTemplate(run, 'kept')]);
    await run.cluster.pool('warm', { templateRef: { name: 'disk' }, replicas: 2 });
    await run.settled(RECOVERY_MS);
    first.kill();
    let rounds = 0;
    for (; rounds === 0 || performance.now() < until; rounds += 1) {
      const fault = pick(chance, faults);
      const victim = run.start(await fault.suffer(run, chance, views));
      const point = chance() < 0.7 ? 1 + Math.floor(chance() * 8) : undefined;
      await victim.started;
      if (point !== undefined) victim.killBeforeWrite(point);
      const done: string[] = [];
      for (let left = 1 + Math.floor(chance() * 3); left > 0; left -= 1)
        done.push(await act(run, chance, rounds, left));
      history.push(`${fault.name}; ${point ? `killed before write ${point}` : 'lived'}; ${done.join(', ')}`);
      await untilDeadOrDone(run, () => victim.isDead);
      victim.kill();
      const healthy = run.start();
      await healthy.started;
      await run.settled(RECOVERY_MS);
      for (const [name, wish] of run.wishes)
        if (wish !== 'gone' && !run.workspaces.has(name)) await remember(run, name);
      healthy.kill();
    }
    return rounds;
  } catch (error) {
    throw new Error(`seed ${seed}: ${String(error)}\nRounds so far:\n  ${history.join('\n  ')}`, { cause: error });
  } finally {
    await run.close();
    await Promise.all(views.map((view) => view.close()));
  }
}

type Sufferings = NonNullable<Parameters<Run['start']>[0]>;
interface Affliction {
  name: string;
  suffer(run: Run, chance: Chance, views: DistortingProxy[]): Promise<Sufferings>;
}

const faults: readonly Affliction[] = [
  { name: 'nothing else', suffer: () => Promise.resolve({}) },
  { name: 'watches lag', suffer: (run, _chance, views) => through(run, views, { lagMs: 1_500 }) },
  {
    name: 'clocks differ',
    async suffer(run, chance, views) {
      const aheadMs = Math.round((chance() - 0.5) * 100_000);
      const parts = await through(run, views, { clockAheadMs: -aheadMs });
      return { ...parts, clockAheadMs: () => aheadMs };
    },
  },
  ...(['answer', 'lose-answer'] as const).map((kind) => ({
    name: kind === 'answer' ? 'writes fail' : 'answers are lost',
    async suffer(run: Run, chance: Chance, views: DistortingProxy[]) {
      const parts = await through(run, views, {});
      const fits = ({ method, url }: { method: string; url: string }): boolean =>
        method !== 'GET' && !url.includes('/events') && chance() < 1 / 3;
      views.at(-1)?.faults.inject(kind === 'answer' ? { kind, status: pick(chance, [409, 500]) } : { kind }, { fits });
      return parts;
    },
  })),
  {
    name: 'somebody meddles',
    suffer: (run, chance) =>
      Promise.resolve({
        async beforeWrite(write) {
          if (chance() < 1 / 3) await meddle(run.cluster.client, write);
        },
      }),
  },
];

async function through(
  run: Run,
  views: DistortingProxy[],
  distortion: Parameters<typeof startDistortingProxy>[1],
): Promise<Sufferings> {
  const view = await startDistortingProxy(run.world.control.kubeConfig, distortion);
  views.push(view);
  return { kubeConfig: view.kubeConfig };
}

/** Somebody does something; says what. */
async function act(run: Run, chance: Chance, round: number, index: number): Promise<string> {
  const alive = [...run.wishes].filter(([, wish]) => wish !== 'gone').map(([name]) => name);
  const choice = alive.length === 0 ? 0 : chance();
  if (choice < 0.4 && alive.length < CROWD) {
    const template = pick(chance, ['scratch', 'disk', 'kept']);
    const name = `s${round}-${index}`;
    await run.sandbox(name, { templateRef: { name: template }, poolPolicy: pick(chance, ['Prefer', 'Never']) });
    return `${name} is made from ${template}`;
  }
  const name = pick(chance, alive);
  // Who suspends has seen it run.
  if (choice < 0.6 && isSettled(name, round)) {
    await run.suspend(name);
    return `${name} is suspended`;
  }
  if (choice < 0.85) {
    await run.wake(name);
    return `${name} is woken`;
  }
  const template = (await run.cluster.get(name))?.spec.templateRef.name;
  await run.remove(name);
  if (template !== 'kept') run.workspaces.delete(name);
  return `${name} is deleted`;
}

/** Whether it was made in an earlier round. */
function isSettled(name: string, round: number): boolean {
  return !name.startsWith(`s${round}-`);
}

/** Its workspace is the same from now on, where it has one that outlives its pods. */
async function remember(run: Run, name: string): Promise<void> {
  const sandbox = await run.cluster.get(name);
  if (sandbox?.status?.workspace) await run.noteWorkspace(name);
}
