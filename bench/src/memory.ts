import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendantsOf, startModelServer } from '@sandpiper/testing';
import type { Process } from '@sandpiper/testing';
import { startGateway } from './gateway.ts';
import type { Benchmark, Row } from './report.ts';

const SETTLE_MS = 10_000;

export const memory: Benchmark = {
  name: 'memory',
  method: `Proportional set size (PSS) of all processes of a started computer after ${SETTLE_MS / 1000} s at rest, and of the gateway with it.`,
  async run() {
    const model = await startModelServer();
    const gateway = await startGateway(model.baseUrl);
    try {
      const before = await pssOf([gateway.pid]);
      await gateway.wake(await gateway.newSession());
      await sleep(SETTLE_MS);
      const sandbox = await descendantsOf(gateway.pid);
      const rows: Row[] = [{ what: 'gateway and manager at rest', value: before, unit: 'MiB' }];
      for (const [name, pids] of Object.entries(byProgram(sandbox))) {
        rows.push({ what: `idle computer: ${name}`, value: await pssOf(pids), unit: 'MiB' });
      }
      rows.push({ what: 'idle computer, all of it', value: await pssOf(sandbox.map(({ pid }) => pid)), unit: 'MiB' });
      return rows;
    } finally {
      await gateway.close();
      await model.close();
    }
  },
};

async function pssOf(pids: number[]): Promise<number> {
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
      return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0);
    }),
  );
  return sizes.reduce((total, size) => total + size, 0) / 1024;
}

function byProgram(processes: Process[]): Record<string, number[]> {
  const groups: Record<string, number[]> = {};
  for (const { pid, command } of processes) {
    const [, name] = PROGRAMS.find(([part]) => command.includes(part)) ?? ['', 'rest'];
    groups[name] = [...(groups[name] ?? []), pid];
  }
  return groups;
}

/** What a command line says, and what it is called in the table. */
const PROGRAMS = [
  ['chromium', 'browser'],
  ['Xtigervnc', 'display'],
  ['tool-api', 'tool-api'],
  ['init.mjs', 'init'],
] as const;
