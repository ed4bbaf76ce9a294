import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { CodedError } from '@sandpiper/protocol';
import { desktopErrors } from './errors.ts';
import { runProgram, startProgram, type XAccess } from './programs.ts';

const SELECTION = ['-selection', 'clipboard', '-target', 'UTF8_STRING'];
/** A program that pastes asks for the text within milliseconds, a busy one later. */
const FETCH_TIMEOUT_MS = 1500;
/** Some ask twice: for the formats, then for the text. */
const FETCH_QUIET_MS = 100;

/** The text on the clipboard; empty when there is none. */
export async function readClipboard(x: XAccess, signal: AbortSignal): Promise<string> {
  try {
    const { stdout } = await runProgram(x, 'xclip', [...SELECTION, '-out'], { signal, timeoutMs: 3000 });
    return stdout;
  } catch (error) {
    // xclip says this of an empty clipboard and of one that holds only a picture.
    if (error instanceof CodedError && /target \w+ not available/.test(error.message)) return '';
    throw error;
  }
}

/** Puts text there. X has no store for it: xclip stays in the background and hands it out until another program takes over. */
export async function writeClipboard(x: XAccess, text: string, signal: AbortSignal): Promise<void> {
  await runProgram(x, 'xclip', [...SELECTION, '-in'], { signal, input: text, leavesServer: true });
}

/** Puts text on the clipboard, pastes, waits until the text was fetched, and puts back the text that was there before. */
export async function withClipboard(
  x: XAccess,
  text: string,
  signal: AbortSignal,
  paste: () => Promise<void>,
): Promise<void> {
  const before = await readClipboard(x, signal);
  // In the foreground xclip counts on stderr: "Waiting for selection request number 3".
  const server = startProgram(x, 'xclip', [...SELECTION, '-in', '-verbose'], ['pipe', 'ignore', 'pipe']);
  const ended = new AbortController();
  const requests = countRequests(server.stderr);
  server.once('error', () => ended.abort());
  server.once('exit', () => ended.abort());
  server.stdin?.on('error', () => undefined);
  server.stdin?.end(text);
  try {
    await requests
      .moreThan(0, AbortSignal.any([signal, ended.signal, AbortSignal.timeout(3000)]))
      .catch((error: unknown) => {
        signal.throwIfAborted();
        throw desktopErrors.DESKTOP_UNAVAILABLE({ reason: 'xclip did not take the clipboard.' }, { cause: error });
      });
    let seen = requests.count();
    await paste();
    const fetching = AbortSignal.any([signal, ended.signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)]);
    await requests.moreThan(seen, fetching).catch(() => undefined);
    do {
      seen = requests.count();
      await delay(FETCH_QUIET_MS, undefined, { signal });
    } while (requests.count() > seen);
  } finally {
    // Whoever copied something meanwhile has taken over from our server; that is newer than what we would put back.
    const isOurs = server.exitCode === null && server.signalCode === null;
    server.kill('SIGKILL');
    if (isOurs && before !== '') await writeClipboard(x, before, AbortSignal.timeout(3000));
  }
}

function countRequests(stderr: NodeJS.ReadableStream | null): {
  count(): number;
  moreThan(number: number, signal: AbortSignal): Promise<void>;
} {
  let count = 0;
  stderr?.on('data', (chunk: Buffer) => {
    for (const match of chunk.toString().matchAll(/request number (\d+)/g)) count = Number(match[1]);
  });
  return {
    count: () => count,
    async moreThan(number, signal) {
      while (count <= number) {
        if (!stderr) throw new Error('There is nothing to listen to.');
        await once(stderr as NodeJS.EventEmitter, 'data', { signal });
      }
    },
  };
}
