import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';

/** What a single process of a command may take; below what the sandbox has, so that one greedy command leaves the desktop alone. */
export interface CommandLimits {
  /** RLIMIT_DATA. Not RLIMIT_AS: Node, Go and Java reserve far more address space than they use. */
  dataBytes: number;
  /** RLIMIT_NPROC, which counts every thread of the sandbox's user; undefined where the sandbox itself has no bound. */
  processes: number | undefined;
}

const MIN_DATA_BYTES = 1024 ** 3;

/** Derives the limits from the cgroup that the sandbox is in (v2, then v1), else from the machine. */
export async function readCommandLimits(): Promise<CommandLimits> {
  const memory = await firstNumber(['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']);
  const processes = await firstNumber(['/sys/fs/cgroup/pids.max', '/sys/fs/cgroup/pids/pids.max']);
  const available = Math.min(memory ?? Infinity, totalmem());
  return {
    dataBytes: Math.max(MIN_DATA_BYTES, Math.floor(available * 0.8)),
    processes: processes === undefined ? undefined : Math.floor(processes * 0.8),
  };
}

/**
 * Shell text that applies the limits to the shell itself and so to all it starts. A limit that cannot be set (because a lower one is
 * in force) is left as it is. The last line makes the kernel choose a command over the desktop when memory runs out.
 */
export function limitsPreamble({ dataBytes, processes }: CommandLimits): string {
  return [
    `ulimit -d ${Math.floor(dataBytes / 1024).toString()} 2>/dev/null`,
    ...(processes === undefined ? [] : [`ulimit -u ${processes.toString()} 2>/dev/null`]),
    'echo 500 2>/dev/null >/proc/self/oom_score_adj',
  ].join('; ');
}

async function firstNumber(files: string[]): Promise<number | undefined> {
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => 'max');
    const value = Number(text);
    if (Number.isFinite(value) && value > 0) return value;
  }
  return undefined;
}
