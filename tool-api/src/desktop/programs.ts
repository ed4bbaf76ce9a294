import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { desktopErrors } from './errors.ts';

/** How to reach the X server. */
export interface XAccess {
  /** `:1` */
  display: string;
  xauthorityFile: string;
}

interface RunOptions {
  signal: AbortSignal;
  input?: string;
  /** What goes on in the background keeps the output open (xclip serving the clipboard): only the exit is waited for. */
  leavesServer?: boolean;
  timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

/** Starts a small X program (xdotool, xclip) with nothing in its environment but the display. */
export function startProgram(x: XAccess, command: string, args: readonly string[], stdio: StdioOptions): ChildProcess {
  return spawn(command, args, {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', DISPLAY: x.display, XAUTHORITY: x.xauthorityFile },
    stdio,
  });
}

/**
 * Runs a small X program to its end.
 *
 * @throws `DESKTOP_UNAVAILABLE` with what it said when it is missing, fails or takes too long; the signal's reason when aborted
 */
export async function runProgram(
  x: XAccess,
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<{ stdout: string; stderr: string }> {
  const { signal, input, leavesServer = false, timeoutMs = TIMEOUT_MS } = options;
  signal.throwIfAborted();
  const output = leavesServer ? 'ignore' : 'pipe';
  const child = startProgram(x, command, args, [input === undefined ? 'ignore' : 'pipe', output, output]);
  const stop = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const kill = (): void => void child.kill('SIGKILL');
  stop.addEventListener('abort', kill, { once: true });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  // A program that does not read its input ends with an exit code that says why.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on(leavesServer ? 'exit' : 'close', resolve);
    });
    signal.throwIfAborted();
    if (code === 0) return { stdout: stdout(), stderr: stderr() };
    throw new Error(`it ended with ${code ?? 'a signal'}. ${stderr().trim().slice(0, 500)}`.trim());
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw desktopErrors.DESKTOP_UNAVAILABLE({ reason: `${command}: ${reason}` }, { cause: error });
  } finally {
    stop.removeEventListener('abort', kill);
  }
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_OUTPUT_BYTES) chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
