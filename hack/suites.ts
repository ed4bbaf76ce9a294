import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { needsControlPlane } from '@sandpiper/testing/vitest';
import { root } from './build-if-stale.ts';

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** How many of the skipped lacked a control plane. */
  withoutControlPlane: number;
}

const report = z.object({
  success: z.boolean(),
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  testResults: z.array(
    z.object({
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
});

/** Runs one Vitest suite to its end, shows its output as it comes, and counts. */
export async function runSuite(name: string, config: string, filters: string[]): Promise<Tally> {
  console.log(`\n── ${name} ──`);
  const started = performance.now();
  const folder = await mkdtemp(path.join(tmpdir(), 'sandpiper-suite-'));
  const outputFile = path.join(folder, 'report.json');
  try {
    const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${outputFile}`];
    const exitCode = await run(process.execPath, [
      vitest,
      'run',
      '--config',
      path.join(root, config),
      ...reporters,
      ...filters,
    ]);
    const tally = await count(outputFile, exitCode);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(`${name}: ${lineOf(tally)} in ${seconds} s`);
    return tally;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const lineOf = ({ passed, failed, skipped }: Tally): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

export const sum = (tallies: Tally[]): Tally => ({
  passed: tallies.reduce((total, tally) => total + tally.passed, 0),
  failed: tallies.reduce((total, tally) => total + tally.failed, 0),
  skipped: tallies.reduce((total, tally) => total + tally.skipped, 0),
  withoutControlPlane: tallies.reduce((total, tally) => total + tally.withoutControlPlane, 0),
});

/** A file that did not even load has no tests to count, and a run that broke off has no report: each is one failure. */
async function count(outputFile: string, exitCode: number): Promise<Tally> {
  const text = await readFile(outputFile, 'utf8').catch(() => undefined);
  if (text === undefined) return { passed: 0, failed: 1, skipped: 0, withoutControlPlane: 0 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = report.parse(JSON.parse(text));
  const unloaded = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
  const failed = numFailedTests + unloaded;
  return {
    passed: numPassedTests,
    failed: exitCode !== 0 && failed === 0 ? 1 : failed,
    skipped: numPendingTests + numTodoTests,
    withoutControlPlane: testResults
      .flatMap((file) => file.assertionResults)
      .filter(({ status, fullName }) => status === 'skipped' && fullName.includes(needsControlPlane)).length,
  };
}

function run(command: string, args: string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', () => resolve(127));
    child.on('close', (code) => resolve(code ?? 1));
  });
}
