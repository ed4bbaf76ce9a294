import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { claimViewerId } from './viewerId.ts';

let stored: Map<string, string>;
beforeEach(() => {
  stored = new Map();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
  });
});
afterEach(() => vi.unstubAllGlobals());

it('a tab keeps its name over a reload', async () => {
  // Left by the page before, whose lock went with it.
  stored.set('sandpiper.viewer', 'tab-before');
  expect(await claimViewerId()).toBe('tab-before');
});

it('a duplicated tab takes a name of its own, and keeps that', async () => {
  const original = await claimViewerId();
  const copy = await claimViewerId();
  expect(copy).not.toBe(original);
  expect([...stored.values()]).toEqual([copy]);
});

it('without locks every load has a new name', async () => {
  vi.stubGlobal('navigator', {});
  stored.set('sandpiper.viewer', 'tab-before');
  expect(await claimViewerId()).not.toBe('tab-before');
});
