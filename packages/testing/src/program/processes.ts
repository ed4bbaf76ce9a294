import { readFile, readdir } from 'node:fs/promises';

/** A process of this machine, by `/proc`. */
export interface Process {
  pid: number;
  parent: number;
  command: string;
}

async function processes(): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [stat, command] = await Promise.all([
        readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      ]);
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return { pid: Number(pid), parent: Number(parent), command: command.replaceAll('\0', ' ').trim(), state };
    }),
  );
  return found.filter(({ state }) => state !== undefined && state !== 'Z' && state !== '');
}

/** Whether a process with this in its command line lives anywhere on the machine, in sandboxes too. */
export async function lives(part: string): Promise<boolean> {
  return (await processes()).some(({ command }) => command.includes(part));
}

/** All that was started by a process, directly or not, with what it was started as. */
export async function descendantsOf(root: number): Promise<Process[]> {
  const all = await processes();
  const below = (pid: number): Process[] =>
    all.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...below(child.pid)]);
  return below(root);
}

/** Those of `earlier` that still live as what they were. */
export async function survivorsOf(earlier: Process[]): Promise<Process[]> {
  const now = new Map((await processes()).map((process) => [process.pid, process.command]));
  return earlier.filter(({ pid, command }) => now.get(pid) === command);
}
