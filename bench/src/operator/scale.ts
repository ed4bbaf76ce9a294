import { setTimeout as sleep } from 'node:timers/promises';
import { findCondition, type Sandbox } from '@sandpiper/api';
import type { Row } from '../report.ts';
import { type Claimer, inParallel, openClaimer } from './claims.ts';
import { createPools } from './pools.ts';
import { sandboxes, sandboxOf } from './resources.ts';
import type { TestBed } from './test-bed.ts';
import { countWrites, since, total, untilQuiet } from './writes.ts';

export interface ScaleSizes {
  /** Numbers of sandboxes, growing; nine in ten are suspended. */
  counts: readonly number[];
  restMs: number;
}

const MIB = 1024 * 1024;
const UNDER_WAY = 24;

/** What very many sandboxes cost that nobody uses at the moment. */
export async function measureScale(bed: TestBed, { counts, restMs }: ScaleSizes): Promise<Row[]> {
  const claimer = await openClaimer(bed.control, bed.namespace);
  const pools = await createPools(claimer.client, bed.namespace);
  const empty = (await bed.operator.usage()).residentBytes;
  const rows: Row[] = [{ what: 'operator without sandboxes', value: empty / MIB, unit: 'MiB' }];
  try {
    let before = 0;
    for (const [index, count] of counts.entries()) {
      const isLast = index === counts.length - 1;
      rows.push(...(await grow(bed, claimer, before, count)));
      rows.push(...(await rest(bed, count, restMs, isLast)));
      rows.push(...(await restart(bed, count)));
      before = count;
    }
    return rows;
  } finally {
    await pools.close();
    await claimer.close();
  }
}

async function grow({ operator }: TestBed, claimer: Claimer, from: number, to: number): Promise<Row[]> {
  const { cpuMs } = await operator.usage();
  await inParallel(to - from, UNDER_WAY, async (offset) => {
    const index = from + offset;
    const name = `scale-${index}`;
    if (index % 10 === 0) {
      await claimer.claim(name, 'bare', 'Never');
      return;
    }
    const suspended = claimer.until(name, isSuspended);
    const spec = { templateRef: { name: 'bare' }, operatingMode: 'Suspended' };
    await claimer.client.create(sandboxes, sandboxOf(name, claimer.namespace, spec) as never);
    await suspended;
  });
  await operator.untilIdle(60_000);
  const usedMs = (await operator.usage()).cpuMs - cpuMs;
  return [{ what: `${to} sandboxes: processor time for each that came`, value: usedMs / (to - from), unit: 'ms' }];
}

async function rest(bed: TestBed, count: number, restMs: number, isLast: boolean): Promise<Row[]> {
  const writers = { operator: bed.operator, kubelet: bed.kubelet, client: bed.control.client };
  // Held-back writes and events of what was just made.
  await untilQuiet(bed.control.client);
  const [before, writes] = [await bed.operator.usage(), await countWrites(writers)];
  await sleep(restMs);
  const [after, written] = [await bed.operator.usage(), since(writes, await countWrites(writers))];
  const percent = (100 * (after.cpuMs - before.cpuMs)) / (after.at - before.at);
  return [
    {
      what: `${count} sandboxes, at rest: memory`,
      value: after.residentBytes / MIB,
      unit: 'MiB',
      ...(isLast && { aim: { atMost: 250 } }),
    },
    { what: `${count} sandboxes, at rest: heap in use`, value: after.heapBytes / MIB, unit: 'MiB' },
    {
      what: `${count} sandboxes, at rest: processor`,
      value: percent,
      unit: '% of a core',
      ...(isLast && { aim: { atMost: 2 } }),
    },
    {
      what: `${count} sandboxes, at rest: writes in ${restMs / 1000} s`,
      value: total(written.operator),
      unit: 'writes',
      aim: { atMost: 0 },
    },
  ];
}

async function restart(bed: TestBed, count: number): Promise<Row[]> {
  await bed.restartOperator();
  const begun = performance.now();
  const { startedInMs } = bed.operator;
  await bed.operator.untilIdle(120_000);
  const lookedInMs = performance.now() - begun;
  const { residentBytes, cpuMs } = await bed.operator.usage();
  return [
    { what: `${count} sandboxes, after a restart: synced`, value: startedInMs, unit: 'ms' },
    { what: `${count} sandboxes, after a restart: looked at all`, value: startedInMs + lookedInMs, unit: 'ms' },
    { what: `${count} sandboxes, after a restart: processor time`, value: cpuMs, unit: 'ms' },
    { what: `${count} sandboxes, after a restart: memory`, value: residentBytes / MIB, unit: 'MiB' },
  ];
}

function isSuspended({ status }: Sandbox): boolean {
  return findCondition(status?.conditions, 'Suspended')?.status === 'True';
}
