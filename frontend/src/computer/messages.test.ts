import { expect, test } from 'vitest';
import { messages as english } from '../i18n/en/computer.ts';
import { messages as chinese } from '../i18n/zh/computer.ts';

const flatten = (value: object, prefix = ''): [string, string][] =>
  Object.entries(value).flatMap(([key, held]: [string, unknown]) =>
    typeof held === 'string' ? [[prefix + key, held] as [string, string]] : flatten(held as object, `${prefix}${key}.`),
  );
const parameters = (text: string): string[] =>
  [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ''))].sort();

test('both languages say the same things with the same parameters', () => {
  const other = new Map(flatten(chinese));
  for (const [key, text] of flatten(english)) {
    expect.soft(other.has(key), key).toBe(true);
    expect.soft(parameters(other.get(key) ?? ''), key).toEqual(parameters(text));
    other.delete(key);
  }
  expect([...other.keys()]).toEqual([]);
});
