import { describe, expect, it } from 'vitest';
import { createExpectations } from './expectations.ts';

describe('expectations', () => {
  it('are satisfied when all that was awaited came', () => {
    const expectations = createExpectations();
    expectations.expectCreations('pool', ['a', 'b']);
    expectations.expectDeletions('pool', ['c']);
    for (const observe of [
      () => expectations.observeCreation('pool', 'a'),
      () => expectations.observeCreation('pool', 'unheard of'),
      () => expectations.observeDeletion('pool', 'c'),
    ]) {
      observe();
      expect(expectations.isSatisfied('pool')).toBe(false);
    }
    expectations.observeCreation('pool', 'b');
    expect(expectations.isSatisfied('pool')).toBe(true);
  });

  it('do not hold one owner up for another', () => {
    const expectations = createExpectations();
    expectations.expectCreations('pool', ['a']);
    expect(expectations.isSatisfied('other')).toBe(true);
    expectations.forget('pool');
    expect(expectations.isSatisfied('pool')).toBe(true);
  });

  it('end after a time, counted from the last of them', () => {
    let now = 0;
    const expectations = createExpectations({ timeoutMs: 100, now: () => now });
    expectations.expectCreations('pool', ['a']);
    now = 60;
    expectations.expectDeletions('pool', ['b']);
    now = 159;
    expect(expectations.isSatisfied('pool')).toBe(false);
    now = 160;
    expect(expectations.isSatisfied('pool')).toBe(true);
  });
});
