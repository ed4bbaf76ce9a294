import { prepareHost } from '../embedded/src/prepare-host.ts';
import { build } from './build.ts';
import { lineOf, runSuite, sum } from './suites.ts';

/*
 * npm test [-- filter…]: everything that needs no long build. Prepares the machine as `npm start` does, builds the UI and the sandbox
 * runtime if stale, runs the tests that lie beside the sources, then those in a real browser, then the short form of chaos, and ends with one line of counts.
 */
const filters = process.argv.slice(2);

const host = await prepareHost({ consent: undefined, print: (line) => console.log(line) });
if (!host.canRunComputers) {
  console.log(
    '\nThis machine cannot run computers, so the tests that need one are skipped; see above for what is missing.',
  );
}
await build();

const tallies = [
  await runSuite('beside the sources', 'config/vitest.config.ts', filters),
  await runSuite('components of the page', 'frontend/vitest.config.ts', filters),
  await runSuite('in a browser', 'config/vitest.e2e.config.ts', filters),
  await runSuite('in a cluster that breaks', 'config/vitest.chaos.config.ts', filters),
];
const total = sum(tallies);
if (total.withoutControlPlane > 0) {
  console.log(
    `\n${total.withoutControlPlane} tests were SKIPPED for want of a control plane: npm run control-plane -- --build`,
  );
}
if (total.skipped > 0) console.log(`\n${total.skipped} tests were SKIPPED: this machine lacks something they need.`);
console.log(`\n${lineOf(total)}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
