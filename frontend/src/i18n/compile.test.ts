import { describe, expect, it } from 'vitest';
import { createI18n } from 'vue-i18n';
import * as appEn from './en/app.ts';
import * as chatEn from './en/chat.ts';
import * as computerEn from './en/computer.ts';
import * as appZh from './zh/app.ts';
import * as chatZh from './zh/chat.ts';
import * as computerZh from './zh/computer.ts';
import { compileMessage } from './compile.ts';

const areas = { appEn, chatEn, computerEn, appZh, chatZh, computerZh };
const texts = Object.entries(areas).flatMap(([area, { messages }]) => leavesOf(messages, area));

function leavesOf(value: unknown, path: string): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]];
  return Object.entries(value as object).flatMap(([key, inner]) => leavesOf(inner, `${path}.${key}`));
}

function translatorOf(text: string, ours: boolean) {
  const { global } = createI18n({
    legacy: false,
    locale: 'en',
    messages: { en: { it: ours ? compileMessage(text) : text } },
  });
  return (named: Record<string, unknown>, plural?: number) =>
    plural === undefined ? global.t('it', named) : global.t('it', named, plural);
}

describe('our compiler of messages', () => {
  it('says what the library’s own would say, for every message that there is', () => {
    expect(texts.length).toBeGreaterThan(400);
    for (const [path, text] of texts) {
      const [ours, theirs] = [true, false].map((mine) => translatorOf(text, mine)) as [
        ReturnType<typeof translatorOf>,
        ReturnType<typeof translatorOf>,
      ];
      const names = [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
      const named = Object.fromEntries(names.map((name, index) => [name, `<${name} ${index}>`]));
      expect(ours(named), path).toBe(theirs(named));
      for (const count of [0, 1, 2, 7]) {
        const counted = { ...named, n: count, count };
        expect(ours(counted, count), `${path} of ${count}`).toBe(theirs(counted, count));
      }
    }
  });

  it.each([
    ['{name} has it', {}, ' has it'],
    ['{name} has it', { name: null }, ' has it'],
    ['{name} has it', { name: 0 }, '0 has it'],
    ['{name} has it', { name: '{name} | x' }, '{name} | x has it'],
    ['{a}{b}', { a: 'x', b: 'y' }, 'xy'],
  ])('puts values into %j from %j', (text, named, expected) => {
    expect(translatorOf(text, true)(named)).toBe(expected);
  });
});
