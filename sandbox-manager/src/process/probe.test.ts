import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCommand } from './command.ts';
import { probeHost, type ProbeReport } from './probe.ts';
import { missingPrograms } from './testing/fixture.ts';

const missing = missingPrograms();
const isRoot = process.getuid?.() === 0;
if (missing.length > 0)
  console.warn(`SKIPPED: the probe of a whole machine, because this one lacks ${missing.join(', ')}`);
if (!isRoot) console.warn('SKIPPED: probes of incomplete machines, which only root can make');

describe.skipIf(missing.length > 0)('a probe of this machine', () => {
  test('finds all that is needed, in reasonable time', async () => {
    const report = await probeHost();
    expect(report.results.filter(({ required, ok }) => required && !ok)).toEqual([]);
    expect(report.canRunComputers).toBe(true);
    expect(report.osRelease['ID']).toBeTruthy();
    expect(report.elapsedMs).toBeLessThan(10_000);
  });

  test.runIf(isRoot).each([
    ['bubblewrap that does not run', '/usr/bin/bwrap', 'bubblewrap', true],
    ['no working browser', '/usr/lib/chromium/chromium', 'browser', false],
    ['no working X server', '/usr/bin/Xtigervnc', 'display', false],
    ['no working window manager', '/usr/bin/openbox', 'window manager', false],
  ])('tells of %s', async (_what, program, name, canRunUnconfined) => {
    const report = await probeWithout(program);
    const failed = report.results.filter(({ ok, required }) => required && !ok);
    expect(failed.map((result) => result.name)).toEqual([name]);
    expect(failed[0]!.detail.length).toBeGreaterThan(10);
    expect(failed[0]!.remedy ?? failed[0]!.packages?.debian.length).toBeTruthy();
    expect(report.canRunComputers).toBe(false);
    expect(report.canRunUnconfined).toBe(canRunUnconfined);
  });
});

/** Probes from a mount namespace in which that program is an empty file. */
async function probeWithout(program: string): Promise<ProbeReport> {
  const script = `import { probeHost } from ${JSON.stringify(path.join(import.meta.dirname, 'probe.ts'))}; console.log(JSON.stringify(await probeHost()));`;
  const run = [
    'sh',
    '-euc',
    `mount --bind /dev/null ${program}; exec "$@"`,
    'sh',
    process.execPath,
    '--input-type=module',
    '-e',
    script,
  ];
  const { stdout, stderr } = await runCommand('unshare', ['--mount', ...run], { timeoutMs: 15_000 });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as ProbeReport;
}
