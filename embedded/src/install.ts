import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline/promises';

export type InstallOutcome = 'installed' | 'declined' | 'impossible' | 'failed';

export interface InstallOptions {
  /** True installs, false never does, undefined asks on the terminal and, where there is none, installs as root only. */
  consent: boolean | undefined;
  print: (line: string) => void;
}

/**
 * Installs Debian packages as root or with a password-less sudo, telling what it does.
 *
 * @returns `impossible` where there is neither apt-get nor the right to use it; then nothing was changed
 */
export async function installPackages(packages: string[], { consent, print }: InstallOptions): Promise<InstallOutcome> {
  const prefix = await elevation();
  const command = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  if (prefix === undefined || consent === false) {
    print(`  To install them yourself:  sudo ${command}`);
    return consent === false ? 'declined' : 'impossible';
  }
  if (consent === undefined && process.stdin.isTTY && process.stdout.isTTY) {
    print(`  Sandpiper can run:  ${[...prefix, command].join(' ')}`);
    if (!(await confirm('  Install now? [Y/n] '))) return 'declined';
  } else {
    print(`  Installing ${packages.join(', ')} (a minute or two; --no-install leaves the machine as it is) …`);
  }
  // The lists of a fresh machine are empty or old; a mirror that cannot be reached shows in the install that follows.
  await run([...prefix, 'apt-get', '-qq', 'update']);
  const install = [
    ...prefix,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    '-qq',
    '-y',
    'install',
    '--no-install-recommends',
  ];
  const { code, tail } = await run([...install, ...packages]);
  if (code === 0) return 'installed';
  print(`  apt-get failed (exit ${code}): ${tail.trim().split('\n').slice(-3).join(' · ')}`);
  return 'failed';
}

/** What to put before a command so that it runs as root without a question; undefined where that cannot be had. */
async function elevation(): Promise<string[] | undefined> {
  const apt = await run(['apt-get', '--version']);
  if (apt.code !== 0) return undefined;
  if (process.getuid?.() === 0) return [];
  const sudo = await run(['sudo', '-n', 'true']);
  return sudo.code === 0 ? ['sudo', '-n'] : undefined;
}

async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return !/^n/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}

/** Runs a command to its end; `code` is 127 where there is no such command. `tail` is the end of what it said. */
function run([command = '', ...args]: string[]): Promise<{ code: number; tail: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let tail = '';
    const keep = (chunk: Buffer): void => void (tail = (tail + chunk.toString('utf8')).slice(-4000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', () => resolve({ code: 127, tail: `there is no ${command}` }));
    child.on('close', (code) => resolve({ code: code ?? 1, tail }));
  });
}
