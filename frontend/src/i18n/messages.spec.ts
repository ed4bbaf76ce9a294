import { expect, it } from 'vitest';

const files = import.meta.glob<Record<string, unknown>>('./{en,zh}/*.ts', { eager: true, import: 'messages' });

function texts(messages: unknown, path = ''): [string, string][] {
  if (typeof messages === 'string') return [[path, messages]];
  return Object.entries(messages as Record<string, unknown>).flatMap(([key, value]) => texts(value, `${path}.${key}`));
}
const parameters = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].sort();

it.each(Object.keys(files).filter((path) => path.startsWith('./en/')))('%s says the same in Chinese', (path) => {
  const english = new Map(texts(files[path]));
  const chinese = new Map(texts(files[path.replace('/en/', '/zh/')]));
  expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  for (const [key, text] of english) expect(parameters(chinese.get(key) ?? ''), key).toEqual(parameters(text));
});
