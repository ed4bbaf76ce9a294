import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { parseSamples, type Sample, sumOf } from './prometheus.ts';

/** The operator in a process of its own, so that its memory and its processor time are its own. */
export interface OperatorProcess {
  /** From the start of the process until its caches are filled and its controllers have begun, ms. */
  startedInMs: number;
  metrics(): Promise<Sample[]>;
  usage(): Promise<Usage>;
  /** Resolves when no key waits for a worker any more. */
  untilIdle(withinMs: number): Promise<void>;
  /** Drains and ends. */
  close(): Promise<void>;
}

export interface Usage {
  /** Processor time since the start, ms. */
  cpuMs: number;
  residentBytes: number;
  heapBytes: number;
  /** By `performance.now()`. */
  at: number;
}

export interface OperatorOptions {
  /** Its bundle. */
  program: string;
  kubeconfigPath: string;
  namespace: string;
  keysDir: string;
  /** For Node, `--cpu-prof` say. */
  nodeArguments?: readonly string[];
}

/**
 * As images start it. Node lets the space for young objects grow to 32 MiB and more, and keeps it: with 10,000 sandboxes that
 * was 283 instead of 170 MiB, for 2 % less processor time.
 */
const FLAGS = ['--max-semi-space-size=4'];

export async function startOperator(options: OperatorOptions): Promise<OperatorProcess> {
  const begun = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...FLAGS,
      ...(options.nodeArguments ?? []),
      options.program,
      ...['--kubeconfig', options.kubeconfigPath, '--namespace', options.namespace],
      ...['--keys-dir', options.keysDir, '--make-keys', '--leader-elect=false', '--host', '127.0.0.1', '--port', '0'],
    ],
    { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const url = `http://127.0.0.1:${await portOf(child)}/metrics`;
  const startedInMs = performance.now() - begun;
  const metrics = async (): Promise<Sample[]> => parseSamples(await (await fetch(url)).text());
  return {
    startedInMs,
    metrics,
    async usage() {
      const samples = await metrics();
      return {
        cpuMs: sumOf(samples, 'process_cpu_seconds_total') * 1000,
        residentBytes: sumOf(samples, 'process_resident_memory_bytes'),
        heapBytes: sumOf(samples, 'nodejs_heap_size_used_bytes'),
        at: performance.now(),
      };
    },
    async untilIdle(withinMs) {
      const until = performance.now() + withinMs;
      for (;;) {
        const samples = await metrics();
        if (sumOf(samples, 'workqueue_depth') + sumOf(samples, 'controller_runtime_active_workers') === 0) return;
        if (performance.now() > until) throw new Error(`The operator was busy for ${withinMs} ms.`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** The port that it prints once it works. Warnings and worse are passed on. */
async function portOf(child: ChildProcess & { stdout: NodeJS.ReadableStream }): Promise<number> {
  return await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`The operator ended with ${String(code)} before it worked.`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { level = 0, msg, port } = readLine(line);
      if (msg === 'the operator works' && port !== undefined) resolve(port);
      if (level >= 40) console.error(`operator: ${line.slice(0, 400)}`);
    });
  });
}

function readLine(line: string): { level?: number; msg?: string; port?: number } {
  try {
    return JSON.parse(line) as object;
  } catch {
    return { level: 50 };
  }
}
