import type RFB from '@novnc/novnc';
import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { createConnection } from '../connection/connection.ts';
import type { Connection, Line } from '../connection/connection.ts';
import { readComputer, socketUrl } from '../computer-api.ts';
import { keys, strokesOf } from './keys.ts';
import type { Key } from './keys.ts';

const CONNECT_TIMEOUT_MS = 20_000;

export interface DesktopOptions {
  sessionId: Readonly<Ref<string>>;
  viewerId: string;
  /** Whether to be connected. */
  wanted: Readonly<Ref<boolean>>;
  /** Whether this tab may move mouse and keyboard. */
  inControl: Readonly<Ref<boolean>>;
}

export interface Desktop {
  /** Says where the screen goes; null takes it away. */
  attach(element: HTMLElement | null): void;
  connection: Connection;
  /** The live client; null while there is none. */
  client: Readonly<ShallowRef<RFB | null>>;
  /** The last thing seen, as a data URL: shown dimmed while there is no connection. */
  lastFrame: Readonly<Ref<string | null>>;
  /** The text on the computer's clipboard, as far as it told. */
  clipboard: Readonly<Ref<string>>;
  press(chord: readonly Key[]): void;
  /** Puts text on the computer's clipboard. */
  setClipboard(text: string): void;
  /** Takes the person's clipboard along and pastes it on the computer. */
  paste(text: string): void;
  screenshot(): Promise<Blob | null>;
}

/** The connection to the desktop of a session: noVNC, loaded when first wanted, over a ticket that is fetched for every connect. */
export function useDesktop({ sessionId, viewerId, wanted, inControl }: DesktopOptions): Desktop {
  const target = shallowRef<HTMLElement | null>(null);
  const client = shallowRef<RFB | null>(null);
  const lastFrame = ref<string | null>(null);
  const clipboard = ref('');

  const connection = createConnection({
    open,
    // A connect would wake a computer that fell asleep meanwhile; that is the person's decision.
    mayRetry: async () => (await readComputer(sessionId.value)).phase === 'ready',
  });

  async function open(signal: AbortSignal, lost: () => void): Promise<Line> {
    const id = sessionId.value;
    const element = target.value;
    if (element === null) throw new Error('There is no place for a desktop.');
    const [{ default: Client }, url] = await Promise.all([
      import('@novnc/novnc'),
      // What may be done is decided per message by who has control, so taking over needs no new connection.
      socketUrl(id, { kind: 'vnc', mode: 'control', viewerId }, signal),
    ]);
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const opened = new Client(element, url, { shared: true });
      const timeout = setTimeout(() => opened.disconnect(), CONNECT_TIMEOUT_MS);
      opened.background = 'transparent';
      opened.viewOnly = !inControl.value;
      opened.scaleViewport = true;
      opened.showDotCursor = true;
      opened.focusOnClick = true;
      opened.addEventListener('clipboard', ({ detail }) => void receive(detail.text));
      opened.addEventListener('connect', () => {
        clearTimeout(timeout);
        signal.removeEventListener('abort', giveUp);
        client.value = opened;
        resolve({ close: () => opened.disconnect() });
      });
      opened.addEventListener('disconnect', () => {
        clearTimeout(timeout);
        signal.removeEventListener('abort', giveUp);
        if (client.value !== opened) {
          reject(new Error('The desktop could not be reached.'));
          return;
        }
        keepFrame(opened);
        client.value = null;
        lost();
      });
      // Before it is live nobody else can close it.
      const giveUp = (): void => opened.disconnect();
      signal.addEventListener('abort', giveUp);
    });
  }

  function keepFrame(from: RFB): void {
    try {
      lastFrame.value = from.toDataURL('image/jpeg', 0.8);
    } catch {
      // Nothing was painted yet.
    }
  }

  async function receive(text: string): Promise<void> {
    clipboard.value = text;
    // Only what the person does in control goes to their clipboard by itself; what the agent copies does not.
    if (!inControl.value || !document.hasFocus()) return;
    await navigator.clipboard.writeText(text).catch(() => undefined);
  }

  watch(
    [wanted, target, sessionId],
    ([isWanted, element, id], [, elementBefore, idBefore]) => {
      if (id !== idBefore) {
        connection.stop();
        lastFrame.value = null;
        clipboard.value = '';
      }
      if (element !== elementBefore) connection.stop();
      if (isWanted && element) connection.start();
      else connection.stop();
    },
    { flush: 'post' },
  );
  watch([client, inControl], ([live, mine]) => {
    if (!live) return;
    live.viewOnly = !mine;
    if (mine) live.focus({ preventScroll: true });
  });
  onScopeDispose(connection.stop);

  function press(chord: readonly Key[]): void {
    for (const { key, down } of strokesOf(chord)) client.value?.sendKey(key.keysym, key.code, down);
  }

  return {
    attach: (element) => (target.value = element),
    connection,
    client,
    lastFrame,
    clipboard,
    press,
    setClipboard: (text) => client.value?.clipboardPasteFrom(text),
    paste(text) {
      client.value?.clipboardPasteFrom(text);
      press([keys.Control, keys.V]);
    },
    screenshot: () =>
      new Promise((resolve) => {
        if (client.value) client.value.toBlob(resolve, 'image/png');
        else resolve(null);
      }),
  };
}
