import { usePreferredDark } from '@vueuse/core';
import { defineStore } from 'pinia';
import { computed, watch, watchEffect } from 'vue';
import { LOCALES, preferredLocale, setLocale } from '../i18n/index.ts';
import type { Locale, Translations } from '../i18n/index.ts';
import { remembered } from '../session/usePanel.ts';

export type Theme = 'system' | 'light' | 'dark';
const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

/** What a person chose on this device. */
export const usePreferences = defineStore('preferences', () => {
  const theme = remembered<Theme>('theme', 'system', (held) => THEMES.find((known) => known === held));
  const locale = remembered<Locale | null>('locale', null, (held) => LOCALES.find(({ id }) => id === held)?.id);
  const listCollapsed = remembered('list.collapsed', false, (held) => held === true);

  const systemDark = usePreferredDark();
  const dark = computed(() => theme.value === 'dark' || (theme.value === 'system' && systemDark.value));

  /** Applies the choices now and whenever they change. Resolves when the language is there. */
  async function start(translations: Translations): Promise<void> {
    watchEffect(() => {
      const root = document.documentElement;
      if (theme.value === 'system') delete root.dataset['theme'];
      else root.dataset['theme'] = theme.value;
    });
    const apply = () => setLocale(translations, preferredLocale(locale.value, navigator.languages));
    watch(locale, apply);
    await apply();
  }

  return { theme, locale, listCollapsed, dark, start };
});
