import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

export interface Sandpiper {
  /** `http://127.0.0.1:<port>` */
  url: string;
  /** The URL with the one-time code, as it was printed. */
  signInUrl: string;
  dataDir: string;
  process: ChildProcess;
  /** Everything it has printed so far. */
  output(): string;
  /** Ctrl-C; resolves with the exit code when the process has ended. */
  stop(): Promise<number | null>;
  /** SIGKILL, as the kernel or a power cut would. */
  kill(): Promise<void>;
}

export interface StartOptions {
  /** Kept by the caller, so that a second start finds it again. */
  dataDir: string;
  /** The whole environment of the program; keys of real model providers in it are left out. */
  inherited: NodeJS.ProcessEnv;
  env?: Record<string, string>;
  args?: string[];
}

/** Runs what `npm start` runs, on a free port, and waits for the line with the URL. */
export async function startSandpiper({ dataDir, inherited, env = {}, args = [] }: StartOptions): Promise<Sandpiper> {
  const { OPENAI_API_KEY: _, OPENROUTER_API_KEY: _router, ...environment } = inherited;
  const child = spawn(process.execPath, [path.join(root, 'embedded/src/main.ts'), '--no-install', ...args], {
    cwd: root,
    env: { ...environment, PORT: '0', SANDPIPER_DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => void (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (output += chunk.toString()));
  const exited = once(child, 'exit');

  const signInUrl = await new Promise<string>((resolve, reject) => {
    const look = (): void => {
      const found = /http:\/\/\S+#code=\S+/.exec(output);
      if (found) resolve(found[0]);
    };
    child.stdout.on('data', look);
    child.once('exit', (code) =>
      reject(new Error(`Sandpiper ended with ${String(code)} before it was ready:\n${output}`)),
    );
  });
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await exited;
    }
    return child.exitCode;
  };
  return {
    url: new URL(signInUrl).origin,
    signInUrl,
    dataDir,
    process: child,
    output: () => output,
    stop: () => end('SIGINT'),
    async kill() {
      await end('SIGKILL');
    },
  };
}

/** A data folder of a test; the function removes it. */
export async function temporaryDataDir(): Promise<{ dataDir: string; remove: () => Promise<void> }> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'sandpiper-e2e-'));
  return { dataDir, remove: () => rm(dataDir, { recursive: true, force: true }) };
}
