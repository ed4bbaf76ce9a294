import { setTimeout as sleep } from 'node:timers/promises';
import { createKubeClient } from '@sandpiper/kube';
import { percentile, type Row } from '../report.ts';
import { type Claim, type Claimer, inParallel, openClaimer } from './claims.ts';
import { preparedFloor } from './floor.ts';
import { createPools, type Pools } from './pools.ts';
import { type Kind, NAME_OF } from './resources.ts';
import type { TestBed } from './test-bed.ts';
import { countWrites, since, total, untilQuiet, type WriteCounts, type Writes } from './writes.ts';

export interface WarmSizes {
  oneByOne: number;
  atOnce: number;
  cold: number;
  sustainedMs: number;
}

/** Between two claims that come one by one, ms. */
const APART_MS = 100;
/** Claims that one after the other keep under way, to see how many a second there can be. */
const UNDER_WAY = 32;

/** From the request for a computer until another client's watch tells that it is ready, and the writes that it takes. */
export async function measureWarm(
  bed: TestBed,
  sizes: WarmSizes,
  kinds: readonly Kind[] = ['bare', 'disk'],
): Promise<Row[]> {
  const claimer = await openClaimer(bed.control, bed.namespace);
  const quiet = await openClaimer(bed.control, bed.quietNamespace);
  const hands = createKubeClient(bed.control.kubeConfig, { userAgent: 'bench-hands' });
  const pools = await createPools(claimer.client, bed.namespace);
  const parts = { bed, sizes, claimer, quiet, hands, pools };
  try {
    const rows: Row[] = [];
    for (const kind of kinds) {
      rows.push(...(await oneByOne(parts, kind)), ...(await atOnce(parts, kind)), ...(await cold(parts, kind)));
      rows.push(...(await sustained(parts, kind)));
      await pools.empty(kind);
    }
    return rows;
  } finally {
    await pools.close();
    await Promise.all([claimer.close(), quiet.close(), hands.close()]);
  }
}

interface Parts {
  bed: TestBed;
  sizes: WarmSizes;
  claimer: Claimer;
  quiet: Claimer;
  hands: ReturnType<typeof createKubeClient>;
  pools: Pools;
}

/** Claims and floors in turns, so that both sides of the ratio see the machine in the same mood. */
async function oneByOne(
  { bed, sizes: { oneByOne: count }, claimer, quiet, hands, pools }: Parts,
  kind: Kind,
): Promise<Row[]> {
  const floor = await preparedFloor(quiet, hands, `one-${kind}`, count);
  await pools.fill(kind, count + 5);
  await untilQuiet(bed.control.client);
  const claims: Claim[] = [];
  const floors: Claim[] = [];
  const { writes } = await counting(bed, async () => {
    for (let index = 0; index < count; index += 1) {
      floors.push(await floor.claim(`one-${kind}-${index}`));
      await sleep(APART_MS);
      claims.push(await claimer.claim(`one-${kind}-${index}`, kind, 'Require'));
      await sleep(APART_MS);
    }
  });
  const name = NAME_OF[kind];
  const ready = claims.map(({ readyMs }) => readyMs);
  const floorReady = floors.map(({ readyMs }) => readyMs);
  const what = `warm claim, one by one, ${name}`;
  const isAim = kind === 'bare';
  return [
    { what: `${what}, p50`, value: percentile(ready, 0.5), unit: 'ms', ...(isAim && { aim: { atMost: 15 } }) },
    { what: `${what}, p90`, value: percentile(ready, 0.9), unit: 'ms', ...(isAim && { aim: { atMost: 25 } }) },
    {
      what: `${what}, until it is created, p50`,
      value: percentile(
        claims.map(({ createdMs }) => createdMs),
        0.5,
      ),
      unit: 'ms',
    },
    { what: `floor: the same three writes, one by one, p50`, value: percentile(floorReady, 0.5), unit: 'ms' },
    { what: `floor, p90`, value: percentile(floorReady, 0.9), unit: 'ms' },
    {
      what: `${what}, claim to floor, p50`,
      value: percentile(ready, 0.5) / percentile(floorReady, 0.5),
      unit: 'ratio',
    },
    // The claimer's own write is the creation.
    {
      what: `writes of a warm claim, ${name}`,
      value: 1 + ofLaunch(writes.operator) / count,
      unit: 'writes',
      aim: { atMost: isAim ? 4 : 5 },
    },
    ...refillRow(writes.operator, name),
    { what: `events of a warm claim, ${name}`, value: ofEvents(writes.operator) / count, unit: 'writes' },
    {
      what: `writes of scheduler, kubelet and controllers, per claim, ${name}`,
      value: (writes.all - 4 * count - total(writes.operator)) / count,
      unit: 'writes',
    },
  ];
}

async function atOnce(
  { bed, sizes: { atOnce: count }, claimer, quiet, hands, pools }: Parts,
  kind: Kind,
): Promise<Row[]> {
  const floor = await preparedFloor(quiet, hands, `many-${kind}`, count);
  await pools.fill(kind, count);
  await untilQuiet(bed.control.client);
  const floors = await Promise.all(Array.from({ length: count }, (_, index) => floor.claim(`many-${kind}-${index}`)));
  await sleep(1000);
  const { result: claims, cpuMs } = await counting(bed, () =>
    Promise.all(Array.from({ length: count }, (_, index) => claimer.claim(`many-${kind}-${index}`, kind, 'Require'))),
  );
  // Refilling so many at the usual pace would take minutes.
  await pools.hurry(kind);
  const ready = claims.map(({ readyMs }) => readyMs);
  const floorReady = floors.map(({ readyMs }) => readyMs);
  const what = `${count} warm claims at once, ${NAME_OF[kind]}`;
  return [
    { what: `${what}, p50`, value: percentile(ready, 0.5), unit: 'ms' },
    {
      what: `${what}, p90`,
      value: percentile(ready, 0.9),
      unit: 'ms',
      ...(kind === 'bare' && { aim: { atMost: 1200 } }),
    },
    {
      what: `${what}, until created, p90`,
      value: percentile(
        claims.map(({ createdMs }) => createdMs),
        0.9,
      ),
      unit: 'ms',
    },
    { what: `floor: ${count} at once, p50`, value: percentile(floorReady, 0.5), unit: 'ms' },
    { what: `floor: ${count} at once, p90`, value: percentile(floorReady, 0.9), unit: 'ms' },
    { what: `${what}, operator's processor time each`, value: cpuMs / count, unit: 'ms' },
  ];
}

async function cold({ bed, sizes: { cold: count }, claimer }: Parts, kind: Kind): Promise<Row[]> {
  await untilQuiet(bed.control.client);
  const { result: claims, writes } = await counting(bed, async () => {
    const done: Claim[] = [];
    for (let index = 0; index < count; index += 1) {
      done.push(await claimer.claim(`cold-${kind}-${index}`, kind, 'Never'));
    }
    // What was held back is written by now.
    await sleep(1500);
    return done;
  });
  const name = NAME_OF[kind];
  return [
    {
      what: `cold start, ${name}, nothing to start, p50`,
      value: percentile(
        claims.map(({ readyMs }) => readyMs),
        0.5,
      ),
      unit: 'ms',
    },
    {
      what: `writes of a cold start, ${name}`,
      value: 1 + ofLaunch(writes.operator) / count + ofCold(writes.operator) / count,
      unit: 'writes',
      aim: { atMost: 5 },
    },
  ];
}

async function sustained({ bed, sizes: { sustainedMs }, claimer, pools }: Parts, kind: Kind): Promise<Row[]> {
  await pools.fill(kind, 64);
  await pools.hurry(kind);
  await untilQuiet(bed.control.client);
  const startedAt = performance.now();
  let count = 0;
  const { cpuMs } = await counting(bed, () =>
    inParallel(UNDER_WAY, UNDER_WAY, async () => {
      while (performance.now() - startedAt < sustainedMs) {
        await claimer.claim(`sustained-${kind}-${count++}`, kind, 'Require');
      }
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const what = `warm claims, ${UNDER_WAY} under way, refilled, ${NAME_OF[kind]}`;
  return [
    { what, value: count / seconds, unit: 'claims/s' },
    { what: `${what}, operator's processor time each`, value: cpuMs / count, unit: 'ms' },
  ];
}

async function counting<T>(
  { operator, kubelet, control }: TestBed,
  run: () => Promise<T>,
): Promise<{ result: T; writes: WriteCounts; cpuMs: number }> {
  const writers = { operator, kubelet, client: control.client };
  const [before, used] = [await countWrites(writers), await operator.usage()];
  const result = await run();
  const cpuMs = (await operator.usage()).cpuMs - used.cpuMs;
  const writes = since(before, await countWrites(writers));
  return { result, writes, cpuMs };
}

/** Writes of the operator for a launch, but for what it makes: pool pods and those of sandboxes are told apart by who asks. */
function ofLaunch(writes: Writes): number {
  return pick(writes, ['patch pods', 'patch persistentvolumeclaims', 'update sandboxes/status']);
}

function ofCold(writes: Writes): number {
  return pick(writes, ['create pods', 'create persistentvolumeclaims']);
}

function ofEvents(writes: Writes): number {
  return pick(writes, ['create events', 'patch events']);
}

function refillRow(writes: Writes, name: string): Row[] {
  const pods = pick(writes, ['create pods']);
  if (pods === 0) return [];
  const value = (pods + pick(writes, ['create persistentvolumeclaims'])) / pods;
  const status = pick(writes, ['update sandboxpools/status']);
  return [
    { what: `writes of a refill, ${name}`, value, unit: 'writes', aim: { atMost: 2 } },
    { what: `writes of the pool's status, ${name}, per refill`, value: status / pods, unit: 'writes' },
  ];
}

function pick(writes: Writes, names: string[]): number {
  return names.reduce((sum, name) => sum + (writes[name] ?? 0), 0);
}
