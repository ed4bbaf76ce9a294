import { readdir, readFile } from 'node:fs/promises';

/**
 * Signals a command and what it started. A command is started as the leader of a session of its own: its process group gets the
 * signal at once, then every other process of the session, such as the jobs of an interactive shell, which have groups of their own.
 */
export async function signalSession(leader: number, signal: NodeJS.Signals): Promise<void> {
  trySignal(-leader, signal);
  for (const pid of await sessionMembers(leader)) trySignal(pid, signal);
}

/**
 * The processes of a session that are alive, by /proc. The kernel does not give a number to a new process while it is a
 * session's id, so that a listed one is never a stranger. Zombies do not count: they hold nothing.
 */
export async function sessionMembers(session: number): Promise<number[]> {
  const entries = await readdir('/proc').catch(() => []);
  const found = await Promise.all(
    entries.filter((name) => /^\d+$/.test(name)).map(async (pid) => ((await isMember(pid, session)) ? Number(pid) : 0)),
  );
  return found.filter((pid) => pid > 0);
}

async function isMember(pid: string, session: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // proc_pid_stat(5): "pid (comm) state ppid pgrp session …"; comm may hold spaces and brackets, so count from the last one.
  const [state, , , sessionId] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(sessionId) === session && state !== 'Z' && state !== 'X';
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}
