import { expect, it } from 'vitest';
import type { SessionSummary } from '@sandpiper/protocol';
import { groupByDay } from './groupByDay.ts';

const at = (date: Date): SessionSummary => ({
  id: date.toISOString(),
  title: null,
  model: null,
  state: 'idle',
  sandbox: { phase: 'none' },
  lastSeq: 0,
  createdAt: date.toISOString(),
  updatedAt: date.toISOString(),
});

it('counts calendar days, not periods of 24 hours', () => {
  const now = new Date(2026, 2, 30, 0, 30);
  const groups = groupByDay(
    [
      at(new Date(2026, 2, 30, 0, 10)),
      at(new Date(2026, 2, 29, 23, 50)),
      // The clocks changed on the 29th in much of Europe: that day has 23 hours.
      at(new Date(2026, 2, 28, 0, 5)),
      at(new Date(2026, 2, 10)),
      at(new Date(2025, 0, 1)),
    ],
    now,
  );
  expect(groups.map(({ group, sessions }) => [group, sessions.length])).toEqual([
    ['today', 1],
    ['yesterday', 1],
    ['week', 1],
    ['month', 1],
    ['older', 1],
  ]);
});
