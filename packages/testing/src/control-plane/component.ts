import { spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Writable } from 'node:stream';

/** One running program of the control plane. */
export interface Component {
  name: string;
  pid: number;
  /** True until it has ended, for whatever reason. */
  isAlive(): boolean;
  /** Resolves when it has ended. */
  exited: Promise<void>;
  /** The end of what it has logged. */
  logTail(): Promise<string>;
  /** Sends the signal and waits for the end; SIGKILL follows after 10 s. Done already when it has ended. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

export interface ComponentOptions {
  name: string;
  command: string;
  args: readonly string[];
  /** Where `<name>.log` is appended to. */
  logFolder: string;
  /** Removed when this process dies without closing. */
  removeOnCrash?: string;
}

/*
 * Whatever kills this process, SIGKILL included, must not leave an etcd behind. A shell forks a watcher and becomes the program, which so
 * keeps the pid that we know. The watcher reads a pipe of which we hold the other end: a word on it means all is well, and its end
 * without a word means that we died. No polling, and nothing but POSIX (`prctl` and its tools are Linux only).
 */
const leash = `
( read -r word <&3 || { kill -KILL $$; [ -z "$REMOVE_ON_CRASH" ] || { sleep 1; rm -rf -- "$REMOVE_ON_CRASH"; }; } ) >/dev/null 2>&1 &
exec 3<&-
exec "$@"`;

const killAfterMs = 10_000;

export function startComponent({ name, command, args, logFolder, removeOnCrash }: ComponentOptions): Component {
  const logFile = path.join(logFolder, `${name}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn('/bin/sh', ['-c', leash, 'sh', command, ...args], {
    // Nothing of the caller's environment is theirs, proxies and a foreign KUBECONFIG least of all.
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', REMOVE_ON_CRASH: removeOnCrash ?? '' },
    stdio: ['ignore', log, log, 'pipe'],
    // Ctrl-C in a terminal goes to the whole group; the order of stopping is ours.
    detached: true,
  });
  closeSync(log);
  const lifeline = child.stdio[3] as Writable;
  lifeline.on('error', () => undefined);

  let alive = true;
  const exited = new Promise<void>((resolve) => {
    const ended = (): void => {
      alive = false;
      lifeline.end('ended\n');
      resolve();
    };
    child.once('exit', ended);
    child.once('error', ended);
  });
  // The owner closes it; what it is must not keep a process from ending.
  child.unref();
  (lifeline as Writable & { unref?: () => void }).unref?.();

  return {
    name,
    pid: child.pid ?? -1,
    isAlive: () => alive,
    exited,
    logTail: async () => (await readFile(logFile, 'utf8').catch(() => '')).slice(-3000),
    async stop(signal) {
      if (!alive) return;
      child.ref();
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
