import { expect, it } from 'vitest';
import { createClockSkew } from './clock-skew.ts';

it('finds the skew of a server from many answers, within a second', () => {
  let now = Date.parse('2026-01-01T00:00:00.250Z');
  const skew = createClockSkew(() => now);
  expect(skew.ms).toBeUndefined();
  skew.note('no date', 1);
  expect(skew.ms).toBeUndefined();
  for (let answer = 0; answer < 100; answer++) {
    now += 370;
    // The server is 90 s ahead, and its header names whole seconds.
    skew.note(new Date(now + 90_000 - 20).toUTCString(), 40);
  }
  expect(Math.abs((skew.ms ?? 0) - 90_000)).toBeLessThan(500);
});

it('follows a clock that was set at once', () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const skew = createClockSkew(() => now);
  skew.note(new Date(now).toUTCString(), 0);
  now -= 3_600_000;
  skew.note(new Date(now + 3_600_000).toUTCString(), 0);
  expect(skew.ms).toBeGreaterThan(3_590_000);
});
