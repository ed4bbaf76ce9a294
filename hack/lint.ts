import { spawn } from 'node:child_process';
import path from 'node:path';
import { root } from './build-if-stale.ts';

/* npm run lint: every static check, each to its end, so that one run shows all that is wrong. */
const checks: [string, string[]][] = [
  ['types', ['tsc', '-p', 'tsconfig.json']],
  ['types of the browser tests', ['tsc', '-p', 'e2e/tsconfig.json']],
  ['types of the UI', ['vue-tsc', '-p', 'frontend/tsconfig.json', '--noEmit']],
  ['eslint', ['eslint', '-c', 'config/eslint.config.ts', '--max-warnings', '0', '.']],
  [
    'format',
    [
      'prettier',
      '--config',
      'config/prettier.json',
      '--ignore-path',
      'config/prettierignore',
      '--log-level',
      'warn',
      '--check',
      '.',
    ],
  ],
  ['imports', ['depcruise', '--config', 'config/dependency-cruiser.cjs', '--output-type', 'err', ...folders()]],
  ['unused', ['knip', '--config', 'config/knip.json']],
];

let failed = 0;
for (const [name, [command = '', ...args]] of checks) {
  const started = performance.now();
  const code = await run(path.join(root, 'node_modules/.bin', command), args);
  if (code !== 0) failed += 1;
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${((performance.now() - started) / 1000).toFixed(0)} s)`);
}
process.exitCode = failed === 0 ? 0 : 1;

function folders(): string[] {
  return [
    'packages',
    'operator',
    'gateway',
    'tool-api',
    'sandbox-manager',
    'frontend/src',
    'embedded',
    'bench',
    'e2e',
    'hack',
  ];
}

function run(command: string, args: string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
    child.on('error', () => resolve(127));
    child.on('close', (code) => resolve(code ?? 1));
  });
}
