import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ReplicaProcessOptions } from './replica-process.ts';

const MAIN = fileURLToPath(new URL('replica-process.ts', import.meta.url));

export interface PausedReplica {
  /** Resolves when it leads. */
  readonly leads: Promise<void>;
  /** Undefined while it lives; null after a signal. */
  readonly exitCode: number | null | undefined;
  /** Stops the process, with all that it was about to do, when it has told of so many more writes. */
  pauseAfterWrites(count: number): void;
  resume(): void;
  close(): Promise<void>;
}

/** An operator in a process of its own. */
export function startReplicaProcess(options: ReplicaProcessOptions): PausedReplica {
  const child = spawn(process.execPath, [MAIN, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const leads = Promise.withResolvers<undefined>();
  const exited = once(child, 'exit');
  let exitCode: number | null | undefined;
  let left = Infinity;
  child.once('exit', (code) => {
    exitCode = code;
    leads.reject(new Error(`The replica has ended with ${String(code)}.`));
  });
  leads.promise.catch(() => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'leads') leads.resolve(undefined);
    else if ((left -= 1) === 0) child.kill('SIGSTOP');
  });
  return {
    leads: leads.promise,
    get exitCode() {
      return exitCode;
    },
    pauseAfterWrites: (count) => void (left = count),
    resume: () => void child.kill('SIGCONT'),
    async close() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
