import type { Terminal } from '@xterm/xterm';
import { onScopeDispose, ref, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { readComputer, socketUrl } from '../computer-api.ts';
import { createConnection } from '../connection/connection.ts';
import type { Connection, Line } from '../connection/connection.ts';

const CONNECT_TIMEOUT_MS = 20_000;

export interface ShellOptions {
  sessionId: Readonly<Ref<string>>;
  viewerId: string;
  terminal: Readonly<ShallowRef<Terminal | null>>;
  wanted: Readonly<Ref<boolean>>;
  /** The line that tells a person that a new shell begins. */
  newShellNote: () => string;
}

export interface Shell {
  connection: Connection;
  /** Set when the shell ended by itself. */
  exit: Readonly<Ref<{ code: number | null } | null>>;
  /** Begins a new shell after the last one ended. */
  restart(): void;
}

/** A shell of the person's own in the computer, in a terminal: binary frames are its bytes, text frames are control messages. */
export function useShell({ sessionId, viewerId, terminal, wanted, newShellNote }: ShellOptions): Shell {
  const exit = ref<{ code: number | null } | null>(null);
  const encoder = new TextEncoder();
  let socket: WebSocket | undefined;
  let hadShell = false;

  const connection = createConnection({
    open,
    mayRetry: async () => (await readComputer(sessionId.value)).phase === 'ready',
  });

  async function open(signal: AbortSignal, lost: () => void): Promise<Line> {
    const id = sessionId.value;
    const view = terminal.value;
    if (view === null) throw new Error('There is no terminal.');
    const url = new URL(await socketUrl(id, { kind: 'terminal', mode: 'control', viewerId }, signal));
    url.searchParams.set('cols', String(view.cols));
    url.searchParams.set('rows', String(view.rows));
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const opened = new WebSocket(url);
      opened.binaryType = 'arraybuffer';
      const timeout = setTimeout(() => opened.close(), CONNECT_TIMEOUT_MS);
      let live = false;
      opened.onopen = () => {
        clearTimeout(timeout);
        live = true;
        socket = opened;
        // A shell ends with its connection: what comes now is another one, and should not look like the old.
        if (hadShell) view.write(`\r\n\u001b[2m${newShellNote()}\u001b[0m\r\n`);
        hadShell = true;
        resolve({ close: () => opened.close() });
      };
      opened.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
        if (typeof data === 'string') readControl(data);
        else view.write(new Uint8Array(data));
      };
      opened.onclose = () => {
        clearTimeout(timeout);
        if (socket === opened) socket = undefined;
        if (!live) reject(new Error('The terminal could not be reached.'));
        else if (exit.value === null) lost();
      };
      signal.addEventListener('abort', () => opened.close(), { once: true });
    });
  }

  function readControl(text: string): void {
    const message: unknown = JSON.parse(text);
    if (typeof message !== 'object' || message === null || !('type' in message) || message.type !== 'exit') return;
    exit.value = { code: 'exitCode' in message && typeof message.exitCode === 'number' ? message.exitCode : null };
    connection.stop();
  }

  const send = (data: string | Uint8Array<ArrayBuffer>): void => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(data);
  };

  watch(
    terminal,
    (view, _, onCleanup) => {
      if (!view) return;
      const listeners = [
        view.onData((text) => send(encoder.encode(text))),
        view.onBinary((text) => send(Uint8Array.from(text, (char) => char.charCodeAt(0)))),
        view.onResize(({ cols, rows }) => send(JSON.stringify({ type: 'resize', cols, rows }))),
      ];
      onCleanup(() => {
        for (const listener of listeners) listener.dispose();
      });
    },
    { immediate: true },
  );
  watch(
    [wanted, terminal, sessionId],
    ([isWanted, view, id], [, , idBefore]) => {
      if (id !== idBefore) {
        connection.stop();
        exit.value = null;
        hadShell = false;
        view?.reset();
      }
      if (isWanted && view && exit.value === null) connection.start();
      else connection.stop();
    },
    { immediate: true },
  );
  onScopeDispose(connection.stop);

  return {
    connection,
    exit,
    restart() {
      exit.value = null;
      if (wanted.value) connection.start();
    },
  };
}
