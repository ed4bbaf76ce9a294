import { parseArgs } from 'node:util';
import { coldStart } from './cold-start.ts';
import { memory } from './memory.ts';
import { operatorScale } from './operator/benchmark.ts';
import { table } from './report.ts';
import type { Row } from './report.ts';
import { shellRoundTrip } from './shell.ts';
import { tokenOverhead } from './tokens.ts';
import { vncRelay } from './vnc.ts';

const benchmarks = [coldStart, shellRoundTrip, tokenOverhead, vncRelay, memory, operatorScale];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', short: 'h' }, small: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) console.error(`There is no benchmark ${unknown.join(', ')}.`);
  console.log(
    `usage: npm run bench [-- [--small] name…]\n${benchmarks.map(({ name, method }) => `  ${name.padEnd(12)} ${method}`).join('\n')}`,
  );
  process.exit(values.help ? 0 : 2);
}

const rows: Row[] = [];
for (const benchmark of benchmarks) {
  if (positionals.length > 0 && !positionals.includes(benchmark.name)) continue;
  console.error(`${benchmark.name}: ${benchmark.method}`);
  const measured = await benchmark.run({ small: values.small });
  console.error(`${table(measured)}\n`);
  rows.push(...measured);
}
console.log(`\n${table(rows)}`);
