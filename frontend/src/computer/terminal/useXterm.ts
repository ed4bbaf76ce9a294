import type { Terminal } from '@xterm/xterm';
import { onScopeDispose, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { useResizeObserver } from '@vueuse/core';
import { usePreferences } from '../../app/usePreferences.ts';
import { terminalTheme } from './theme.ts';

export interface XtermOptions {
  element: Readonly<Ref<HTMLElement | null>>;
  /** Fitting waits for a size, so a terminal behind another tab is fitted when it is shown. */
  visible: Readonly<Ref<boolean>>;
  readOnly: boolean;
  label: () => string;
}

export interface Xterm {
  terminal: Readonly<ShallowRef<Terminal | null>>;
}

/** An xterm in an element: loaded when the element is there, fitted to it, in the page's colours. */
export function useXterm({ element, visible, readOnly, label }: XtermOptions): Xterm {
  const terminal = shallowRef<Terminal | null>(null);
  const preferences = usePreferences();
  let fit: (() => void) | undefined;
  let gone = false;

  watch(
    element,
    async (host) => {
      if (!host || terminal.value) return;
      const [{ Terminal: Xterm }, { FitAddon }] = await Promise.all([
        import('@xterm/xterm'),
        import('@xterm/addon-fit'),
        import('@xterm/xterm/css/xterm.css'),
        document.fonts.load('13px "JetBrains Mono Variable"').catch(() => undefined),
      ]);
      if (gone) return;
      const created = new Xterm({
        fontFamily: "'JetBrains Mono Variable', ui-monospace, monospace",
        fontSize: 13,
        lineHeight: 1.3,
        theme: terminalTheme(host, preferences.dark),
        minimumContrastRatio: 4.5,
        scrollback: 5000,
        convertEol: readOnly,
        disableStdin: readOnly,
        cursorBlink: !readOnly,
        cursorInactiveStyle: readOnly ? 'none' : 'outline',
      });
      const addon = new FitAddon();
      created.loadAddon(addon);
      created.open(host);
      if (created.textarea) created.textarea.ariaLabel = label();
      created.attachCustomKeyEventHandler((event) => handleKey(created, event));
      fit = () => {
        if (host.clientWidth > 0 && host.clientHeight > 0) addon.fit();
      };
      fit();
      terminal.value = created;
    },
    { immediate: true },
  );
  useResizeObserver(element, () => fit?.());
  watch(visible, (shown) => {
    if (shown) requestAnimationFrame(() => fit?.());
  });
  watch(
    () => preferences.dark,
    () =>
      requestAnimationFrame(() => {
        if (terminal.value && element.value)
          terminal.value.options.theme = terminalTheme(element.value, preferences.dark);
      }),
  );
  onScopeDispose(() => {
    gone = true;
    terminal.value?.dispose();
    terminal.value = null;
  });
  return { terminal };
}

/** Ctrl+C copies what is selected, else interrupts; Ctrl+Shift+C copies; pasting is left to the browser. False: not for the shell. */
function handleKey(terminal: Terminal, event: KeyboardEvent): boolean {
  if (event.type !== 'keydown') return true;
  const key = event.key.toLowerCase();
  const isCopy = key === 'c' && event.ctrlKey && (event.shiftKey || terminal.hasSelection());
  if (isCopy && terminal.hasSelection()) {
    event.preventDefault();
    void navigator.clipboard.writeText(terminal.getSelection()).catch(() => undefined);
    terminal.clearSelection();
    return false;
  }
  // The browser's own paste event follows, which xterm understands.
  if (key === 'v' && (event.ctrlKey || event.metaKey)) return false;
  // The page's own shortcuts keep working: the palette, the panel, the session list.
  return !(event.metaKey || (event.shiftKey && key === 'escape'));
}
