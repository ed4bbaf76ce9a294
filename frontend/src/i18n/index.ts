import { createI18n } from 'vue-i18n';
import { compileMessages } from './compile.ts';
import type { MessageTree } from './compile.ts';

export type Locale = 'en' | 'zh';
export const LOCALES: readonly { id: Locale; name: string }[] = [
  { id: 'en', name: 'English' },
  { id: 'zh', name: '简体中文' },
];

type Texts = Record<string, unknown>;

/** One file per area and language, each exporting `messages`; the file's name is the first part of its keys. */
const english = import.meta.glob<Texts>('./en/*.ts', { eager: true, import: 'messages' });
const chinese = import.meta.glob<Texts>('./zh/*.ts', { import: 'messages' });

const dateTime = {
  time: { hour: 'numeric', minute: '2-digit' },
  day: { month: 'short', day: 'numeric' },
  moment: { month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' },
} as const;

export function createTranslations() {
  return createI18n({
    legacy: false,
    locale: 'en',
    fallbackLocale: 'en',
    missingWarn: false,
    fallbackWarn: false,
    messages: { en: byArea(english) },
    datetimeFormats: { en: dateTime, zh: dateTime },
    numberFormats: { en: { whole: { maximumFractionDigits: 0 } }, zh: { whole: { maximumFractionDigits: 0 } } },
  });
}
export type Translations = ReturnType<typeof createTranslations>;

/** Switches the language; Chinese is fetched when it is first wanted. */
export async function setLocale(translations: Translations, locale: Locale): Promise<void> {
  const { global } = translations;
  if (locale === 'zh' && !global.availableLocales.includes('zh')) {
    const areas = await Promise.all(Object.entries(chinese).map(async ([path, load]) => [path, await load()] as const));
    global.setLocaleMessage('zh', byArea(Object.fromEntries(areas)) as never);
  }
  global.locale.value = locale;
  document.documentElement.lang = locale === 'zh' ? 'zh-CN' : 'en';
}

/** The person's choice, else the browser's first language that we speak. */
export function preferredLocale(chosen: string | null, languages: readonly string[]): Locale {
  const known = LOCALES.find((locale) => locale.id === chosen);
  if (known) return known.id;
  const first = languages
    .map((language) => language.slice(0, 2))
    .find((language) => language === 'zh' || language === 'en');
  return first === 'zh' ? 'zh' : 'en';
}

function byArea(files: Record<string, Texts>): Record<string, MessageTree> {
  return Object.fromEntries(
    Object.entries(files).map(([path, texts]) => [/([^/]+)\.ts$/.exec(path)?.[1] ?? path, compileMessages(texts)]),
  );
}
