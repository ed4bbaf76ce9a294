import { parseArgs } from 'node:util';
import { lineOf, runSuite } from './suites.ts';

/* npm run chaos: breaks a cluster in every way we know, and looks whether what it promised still holds. */
const HELP = `chaos: operators that are killed, paused, cut off and lied to, on a real control plane

usage: npm run chaos [-- options] [file…]

  --seed N       picks the same faults again; every run prints its seed
  --minutes N    mixes faults at random for so long, beside the rest (0.5)
  --short        what runs below npm test: fewer points, no mixture
  --help
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string' },
      short: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  for (const [name, value] of Object.entries({ seed: values.seed, minutes: values.minutes })) {
    if (value === undefined) continue;
    if (!Number.isFinite(Number(value)) || value.trim() === '') {
      process.stderr.write(`chaos: --${name} must be a number. --help lists the options.\n`);
      return 2;
    }
    // By the environment, because Vitest takes no arguments for the tests.
    process.env[`SANDPIPER_CHAOS_${name.toUpperCase()}`] = value;
  }
  process.env['SANDPIPER_CHAOS_FORM'] = values.short === true ? 'short' : 'full';
  const tally = await runSuite('chaos', 'config/vitest.chaos.config.ts', positionals);
  if (tally.withoutControlPlane > 0) {
    console.log(
      `${tally.withoutControlPlane} tests were SKIPPED for want of a control plane: npm run control-plane -- --build`,
    );
  }
  console.log(lineOf(tally));
  return tally.failed > 0 || tally.passed === 0 ? 1 : 0;
}
