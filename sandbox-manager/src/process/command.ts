import { spawn } from 'node:child_process';

export interface CommandResult {
  /** Exit code; undefined when it could not start, was killed, or ran out of time. */
  code: number | undefined;
  stdout: string;
  /** Of a command that could not start: why. */
  stderr: string;
}

export interface CommandOptions {
  input?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
  environment?: NodeJS.ProcessEnv;
}

const KEPT = 64 * 1024;

/** Runs a short command to its end, bounded in time and output. Never rejects: a failure is a result. */
export function runCommand(command: string, args: string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 10_000,
      killSignal: 'SIGKILL',
      ...(options.environment ? { env: options.environment } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout = (stdout + text).slice(-KEPT)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-KEPT)));
    child.stdin?.on('error', () => undefined).end(options.input);
    child.once('error', (error) => resolve({ code: undefined, stdout, stderr: stderr || error.message }));
    child.once('close', (code) => resolve({ code: code ?? undefined, stdout, stderr: stderr.trim() }));
  });
}
