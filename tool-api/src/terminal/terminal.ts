import { spawn } from '@lydell/node-pty';
import { type RawData, WebSocket } from 'ws';
import { z } from 'zod';
import { sessionMembers, signalSession } from '../shell/process-session.ts';

const cells = z.coerce.number().int().min(1).max(1000);
export const terminalSize = z.strictObject({ cols: cells.default(80), rows: cells.default(24) });

const control = z.strictObject({ type: z.literal('resize'), cols: cells, rows: cells });

export interface Terminal {
  /** Whether something but the shell itself runs in it. */
  isBusy(): boolean;
  /** Ends the shell and all it started, then closes the socket. */
  close(): Promise<void>;
}

/** Above this much unsent output the program in the terminal has to wait; below the other it goes on. */
const PAUSE_ABOVE_BYTES = 1024 * 1024;
const RESUME_BELOW_BYTES = 256 * 1024;
const RESUME_CHECK_MS = 20;
const KILL_GRACE_MS = 2000;

/** Starts a login shell on a pseudo-terminal and ties it to a socket: the one ends with the other. */
export function openTerminal(
  socket: WebSocket,
  options: {
    size: z.output<typeof terminalSize>;
    cwd: string;
    env: Record<string, string>;
    onInput: () => void;
    onClosed: () => void;
  },
): Terminal {
  const { size, cwd, env, onInput, onClosed } = options;
  const shell = spawn('/bin/bash', ['--login'], {
    name: 'xterm-256color',
    ...size,
    cwd,
    env: { ...env, TERM: 'xterm-256color', COLORTERM: 'truecolor' },
    // Bytes, not text: a sequence that is cut in two must reach the other end whole.
    encoding: null,
  });
  let resumeTimer: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;
  const exited = new Promise<void>((resolve) => {
    shell.onExit(({ exitCode, signal }) => {
      clearInterval(resumeTimer);
      if (socket.readyState === WebSocket.OPEN)
        socket.send(JSON.stringify({ type: 'exit', exitCode, signal: signal ?? null }));
      socket.close(1000);
      resolve();
      onClosed();
    });
  });

  const resumeWhenSent = (): void => {
    if (socket.bufferedAmount > RESUME_BELOW_BYTES) return;
    clearInterval(resumeTimer);
    resumeTimer = undefined;
    shell.resume();
  };
  shell.onData((output: string | Buffer) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(output, { binary: true });
    if (resumeTimer === undefined && socket.bufferedAmount > PAUSE_ABOVE_BYTES) {
      shell.pause();
      resumeTimer = setInterval(resumeWhenSent, RESUME_CHECK_MS);
    }
  });

  const end = async (): Promise<void> => {
    await signalSession(shell.pid, 'SIGHUP');
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, KILL_GRACE_MS);
    });
    await Promise.race([exited, grace]);
    // What ignores the hangup of its terminal (nohup) is left alone only while the shell lives.
    if ((await sessionMembers(shell.pid)).length > 0) await signalSession(shell.pid, 'SIGKILL');
    clearTimeout(timer);
    await exited;
  };
  const close = (): Promise<void> => (closing ??= end());

  socket.on('message', (message, isBinary) => {
    onInput();
    if (isBinary) shell.write(toBuffer(message) as unknown as string);
    else resizeBy(toBuffer(message).toString('utf8'));
  });
  const resizeBy = (text: string): void => {
    const parsed = control.safeParse(jsonOrUndefined(text));
    if (parsed.success) shell.resize(parsed.data.cols, parsed.data.rows);
    else socket.close(1007, 'Text frames are {"type":"resize","cols","rows"}.');
  };
  socket.on('close', () => void close());
  socket.on('error', () => socket.terminate());

  return { isBusy: () => shell.process !== 'bash', close };
}

function toBuffer(message: RawData): Buffer {
  if (Array.isArray(message)) return Buffer.concat(message);
  return Buffer.isBuffer(message) ? message : Buffer.from(message);
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
