import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';

export interface Exit {
  /** Undefined when a signal ended it, or it never started. */
  code: number | undefined;
  signal: NodeJS.Signals | undefined;
}

/** A process that dies when the one that started it does, however that one dies. */
export interface Leashed {
  name: string;
  pid: number;
  /** True until it has ended, for whatever reason. */
  isAlive(): boolean;
  /** Resolves when it has ended. */
  exited: Promise<Exit>;
  /** The end of what it has logged. */
  logTail(): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Sends the signal and waits for the end; SIGKILL follows after `graceMs`. Done already when it has ended. */
  stop(signal: NodeJS.Signals, graceMs?: number): Promise<void>;
}

export interface LeashOptions {
  name: string;
  command: string;
  args: readonly string[];
  /** All of it: nothing of the caller's environment is handed on. */
  env: Record<string, string>;
  cwd?: string;
  /** Appended to. */
  logFile: string;
  /** A folder that is removed when this process dies without closing. */
  removeOnCrash?: string;
}

/*
 * A shell forks a watcher and becomes the program, which so keeps the pid that we know. The watcher reads a pipe of which we hold the
 * other end: a word on it means all is well, and its end without a word means that we died. No polling, and nothing but POSIX
 * (`prctl` and its tools are Linux only).
 */
const leash = `
folder=$1; shift
( read -r word <&3 || { kill -KILL $$; [ -z "$folder" ] || { sleep 1; rm -rf -- "$folder"; }; } ) >/dev/null 2>&1 &
exec 3<&-
exec "$@"`;

export function startLeashed(options: LeashOptions): Leashed {
  const { name, command, args, env, cwd, logFile, removeOnCrash = '' } = options;
  const log = openSync(logFile, 'a');
  const child = spawn('/bin/sh', ['-c', leash, 'sh', removeOnCrash, command, ...args], {
    env,
    cwd,
    stdio: ['ignore', log, log, 'pipe'],
    // Ctrl-C in a terminal goes to the whole group; the order of stopping is ours.
    detached: true,
  });
  closeSync(log);
  const lifeline = child.stdio[3] as Writable & { unref?: () => void };
  lifeline.on('error', () => undefined);

  let alive = true;
  const exited = new Promise<Exit>((resolve) => {
    const ended = (exit: Exit): void => {
      alive = false;
      lifeline.end('ended\n');
      resolve(exit);
    };
    child.once('exit', (code, signal) => ended({ code: code ?? undefined, signal: signal ?? undefined }));
    child.once('error', () => ended({ code: undefined, signal: undefined }));
  });
  // The owner closes it; what it is must not keep a process from ending.
  child.unref();
  lifeline.unref?.();

  return {
    name,
    pid: child.pid ?? -1,
    isAlive: () => alive,
    exited,
    logTail: async () => (await readFile(logFile, 'utf8').catch(() => '')).slice(-3000),
    kill: (signal) => void child.kill(signal),
    async stop(signal, graceMs = 10_000) {
      if (!alive) return;
      child.ref();
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
