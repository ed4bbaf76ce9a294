import type { Benchmark, Row } from '../report.ts';
import { measureScale, type ScaleSizes } from './scale.ts';
import { openTestBed, type TestBed } from './test-bed.ts';
import { measureWarm, type WarmSizes } from './warm.ts';

interface Sizes {
  warm: WarmSizes;
  scale: ScaleSizes;
}

const FULL: Sizes = {
  warm: { oneByOne: 60, atOnce: 300, cold: 20, sustainedMs: 15_000 },
  scale: { counts: [2_500, 5_000, 10_000], restMs: 30_000 },
};
const SMALL: Sizes = {
  warm: { oneByOne: 15, atOnce: 30, cold: 5, sustainedMs: 3_000 },
  scale: { counts: [100, 200], restMs: 5_000 },
};

export const operatorScale: Benchmark = {
  name: 'operator',
  method:
    'A real API server, etcd and scheduler, nodes that only say that they run pods, and the operator in a process of its own: warm claims one by one and many at once against the same writes by a bare client, writes by who sent them, and very many sandboxes at rest.',
  async run({ small }) {
    const { warm, scale } = small ? SMALL : FULL;
    return [
      ...(await onTestBed((bed) => measureWarm(bed, warm))),
      ...(await onTestBed((bed) => measureScale(bed, scale))),
    ];
  },
};

async function onTestBed(measure: (bed: TestBed) => Promise<Row[]>): Promise<Row[]> {
  const bed = await openTestBed();
  try {
    return await measure(bed);
  } finally {
    await bed.close();
  }
}
