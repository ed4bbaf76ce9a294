import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sweepDaily } from './daily-sweep.ts';

const DAY_MS = 24 * 60 * 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('lost computers are looked for at the start and once a day, also after a failure, until it is stopped', async () => {
  const sessionIds = vi.fn(() => Promise.resolve(new Set(['one'])));
  const sweepSessions = vi.fn(() => ({ checked: 0, swept: [], stopped: false }));
  const log = { error: vi.fn() };
  const stop = sweepDaily({ sessionIds, sweepSessions, log });
  await vi.advanceTimersByTimeAsync(0);
  expect(sweepSessions).toHaveBeenCalledExactlyOnceWith(new Set(['one']));

  sessionIds.mockRejectedValueOnce(new Error('The store does not answer.'));
  await vi.advanceTimersByTimeAsync(DAY_MS);
  expect(log.error).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(DAY_MS);
  expect(sweepSessions).toHaveBeenCalledTimes(2);
  stop();
  await vi.advanceTimersByTimeAsync(3 * DAY_MS);
  expect(sweepSessions).toHaveBeenCalledTimes(2);
});
