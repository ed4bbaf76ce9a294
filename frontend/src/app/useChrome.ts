import { ref } from 'vue';
import { defineStore } from 'pinia';

/** What is open around the conversation right now; nothing here is remembered. */
export const useChrome = defineStore('chrome', () => {
  const paletteOpen = ref(false);
  const shortcutsOpen = ref(false);
  /** The session list as a drawer, below 1024 px. */
  const listOpen = ref(false);
  return { paletteOpen, shortcutsOpen, listOpen };
});
