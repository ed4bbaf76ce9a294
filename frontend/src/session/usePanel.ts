import { useMediaQuery } from '@vueuse/core';
import { computed, ref, watch } from 'vue';
import { defineStore } from 'pinia';

export type PanelTab = 'desktop' | 'terminal' | 'files' | 'changes';
export type PhoneView = 'chat' | 'computer';

const TABS: readonly PanelTab[] = ['desktop', 'terminal', 'files', 'changes'];

/** Where the computer panel is and what it shows; what a person chose is remembered on this device. */
export const usePanel = defineStore('panel', () => {
  const wide = useMediaQuery('(min-width: 1024px)');
  const docked = remembered('panel.open', true, (held) => (typeof held === 'boolean' ? held : undefined));
  /** Over the conversation, on a tablet: shown when asked for, never remembered. */
  const drawer = ref(false);
  const open = computed({
    get: () => (wide.value ? docked.value : drawer.value),
    set: (next) => ((wide.value ? docked : drawer).value = next),
  });
  const tab = remembered<PanelTab>('panel.tab', 'desktop', (held) => TABS.find((known) => known === held));
  /** Share of the width next to the session list, 0.3–0.7. */
  const share = remembered('panel.share', 0.5, (held) => (typeof held === 'number' ? clampShare(held) : undefined));
  const full = ref(false);
  /** Which view a phone shows. */
  const phone = ref<PhoneView>('chat');
  /** The file that Files should show; set by `showFile`, taken by the panel. */
  const filePath = ref<string | null>(null);

  function show(next: PanelTab): void {
    tab.value = next;
    open.value = true;
    phone.value = 'computer';
  }

  function showFile(path: string): void {
    filePath.value = path;
    show('files');
  }

  function resize(next: number): void {
    share.value = clampShare(next);
  }

  return { open, tab, share, full, phone, filePath, show, showFile, resize };
});

function clampShare(share: number): number {
  return Math.min(0.68, Math.max(0.32, share));
}

/** A ref that survives a reload. `read` refuses what an older version may have stored. */
export function remembered<T>(name: string, initial: T, read: (held: unknown) => T | undefined) {
  const key = `sandpiper.${name}`;
  const held = localStorage.getItem(key);
  const value = ref(initial);
  if (held !== null) {
    try {
      value.value = read(JSON.parse(held)) ?? initial;
    } catch {
      localStorage.removeItem(key);
    }
  }
  watch(value, (next) => localStorage.setItem(key, JSON.stringify(next)));
  return value;
}
