import type { WebSocket } from 'ws';
import { z } from 'zod';

/** What a person's terminal may say beside bytes. */
const viewerControl = z.strictObject({
  type: z.literal('resize'),
  cols: z.int().min(1).max(1000),
  rows: z.int().min(1).max(1000),
});

const HIGH_WATER_BYTES = 1024 * 1024;
const MAX_INPUT_BYTES = 1024 * 1024;
const CLOSE_POLICY = 1008;
const CLOSE_NORMAL = 1000;

/**
 * Joins a person's terminal to a shell in the sandbox: binary frames are bytes both ways, text frames are control messages as JSON
 * (`{type:'resize',cols,rows}` from the person; from the sandbox only `{type:'exit',exitCode}` passes).
 */
export function relayTerminal(viewer: WebSocket, shell: WebSocket, onClose?: () => void): void {
  let closed = false;
  const close = (code: number, reason: string): void => {
    if (closed) return;
    closed = true;
    viewer.close(code, reason);
    shell.close();
    onClose?.();
  };

  viewer.on('message', (message: Buffer, isBinary) => {
    const control = isBinary ? undefined : parse(message, viewerControl);
    if (message.length > MAX_INPUT_BYTES) close(CLOSE_POLICY, 'input is too long');
    else if (isBinary) forward(viewer, shell, message, true);
    else if (control) forward(viewer, shell, JSON.stringify(control), false);
    else close(CLOSE_POLICY, 'unknown control message');
  });
  shell.on('message', (message: Buffer, isBinary) => {
    const control = isBinary ? undefined : parse(message, shellControl);
    if (isBinary) forward(shell, viewer, message, true);
    else if (control) forward(shell, viewer, JSON.stringify(control), false);
  });
  viewer.on('close', () => close(CLOSE_NORMAL, ''));
  shell.on('close', () => close(CLOSE_NORMAL, 'the shell ended'));
  viewer.on('error', () => close(CLOSE_NORMAL, ''));
  shell.on('error', () => close(CLOSE_NORMAL, 'the shell failed'));
  if (shell.isPaused) shell.resume();
}

const shellControl = z.object({ type: z.literal('exit'), exitCode: z.int().nullable() });

function parse<T>(message: Buffer, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(message.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

function forward(from: WebSocket, to: WebSocket, data: Buffer | string, binary: boolean): void {
  to.send(data, { binary }, () => {
    if (from.isPaused && to.bufferedAmount < HIGH_WATER_BYTES / 4) from.resume();
  });
  if (to.bufferedAmount > HIGH_WATER_BYTES) from.pause();
}
