import { onScopeDispose } from 'vue';

export interface Shortcut {
  /** `mod+k`, `mod+shift+o`, `/`, `?`. `mod` is ⌘ on Apple's systems, Ctrl elsewhere. */
  keys: string;
  run: () => void;
}

/** Listens for shortcuts while the component lives. Single characters count only where nobody is typing. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const byKeys = new Map(shortcuts.map((shortcut) => [shortcut.keys, shortcut]));
  const listen = (event: KeyboardEvent) => {
    if (event.isComposing || event.defaultPrevented) return;
    const keys = keysOf(event);
    const shortcut = byKeys.get(keys);
    if (!shortcut) return;
    if (!keys.startsWith('mod+') && isTyping(event.target)) return;
    event.preventDefault();
    shortcut.run();
  };
  addEventListener('keydown', listen);
  onScopeDispose(() => removeEventListener('keydown', listen));
}

function keysOf(event: KeyboardEvent): string {
  const mod = event.metaKey || event.ctrlKey;
  if (!mod) return event.altKey ? '' : event.key;
  return `mod+${event.shiftKey ? 'shift+' : ''}${event.key.toLowerCase()}`;
}

/** Fields, and whatever takes keys for itself: the desktop's canvas, the terminal. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('input, textarea, select, [contenteditable="true"], [data-takes-keys]') !== null
  );
}
