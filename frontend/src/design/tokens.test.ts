import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';

const css = await readFile(path.join(import.meta.dirname, 'tokens.css'), 'utf8');
const pairs = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g)].map(([, name, light, dark]) => [
    name!,
    [light!, dark!],
  ]),
);

function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

/** WCAG 2.2, 1.4.3 */
function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high! + 0.05) / (low! + 0.05);
}

const grounds = ['canvas', 'sunken', 'surface', 'raised'];
const combinations = [
  ...['ink', 'ink-soft', 'ink-faint', 'accent', 'danger', 'warning', 'success'].flatMap((ink) =>
    grounds.map((ground) => [ink, ground]),
  ),
  ['ink', 'bubble'],
  ['on-accent', 'accent'],
  ['on-accent', 'accent-hover'],
  ['accent', 'accent-soft'],
  ...['danger', 'warning', 'success'].flatMap((meaning) => [
    [meaning, `${meaning}-soft`],
    ['ink-soft', `${meaning}-soft`],
  ]),
];

it.each(combinations)('%s on %s is readable in both themes', (ink, ground) => {
  for (const theme of [0, 1]) {
    expect(contrast(pairs.get(ink)![theme]!, pairs.get(ground)![theme]!)).toBeGreaterThanOrEqual(4.5);
  }
});
