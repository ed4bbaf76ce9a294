import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A process that cannot be confused with a later one of the same number. */
export interface ProcessId {
  pid: number;
  /** Clock ticks since boot, field 22 of `/proc/<pid>/stat`. */
  startTime: number;
}

/** Identifies a running process; undefined when there is none, or only its zombie. */
export function identify(pid: number): ProcessId | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid.toString()}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The command name is in parentheses and may hold anything, so fields are counted from the last one.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  return { pid, startTime: Number(fields[18]) };
}

export function isAlive(id: ProcessId): boolean {
  return identify(id.pid)?.startTime === id.startTime;
}

/** Sends a signal to exactly this process; does nothing when it is gone. */
export function signal(id: ProcessId, name: NodeJS.Signals): void {
  if (!isAlive(id)) return;
  try {
    process.kill(id.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Direct children, by the kernel's own list. */
export function childrenOf(pid: number): ProcessId[] {
  try {
    const list = readFileSync(`/proc/${pid.toString()}/task/${pid.toString()}/children`, 'utf8');
    return list.split(' ').flatMap((text) => (text === '' ? [] : (identify(Number(text)) ?? [])));
  } catch {
    return [];
  }
}

/** Children, their children, and so on; not those whose parent has ended before. */
export function descendantsOf(pid: number): ProcessId[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child.pid)]);
}

/**
 * Waits until none of the processes lives. The first process of a PID namespace only ends after everything in it has,
 * so waiting for it is waiting for all.
 *
 * @returns false when the time ran out first
 */
export async function whenGone(ids: ProcessId[], timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (ids.some(isAlive)) {
    if (Date.now() > deadline) return false;
    await delay(5);
  }
  return true;
}
