import { expect, it } from 'vitest';
import { fullBucket, refilled, untilNextToken } from './token-bucket.ts';

const PACE = { burst: 3, perSecond: 2 };

it('gives a burst at once and then its pace, never more than the burst', () => {
  const full = fullBucket(PACE, 0);
  expect(full.tokens).toBe(3);
  const empty = { ...full, tokens: 0 };
  expect(untilNextToken(empty, PACE)).toBe(500);
  expect(refilled(empty, PACE, 500).tokens).toBe(1);
  expect(refilled(empty, PACE, 60_000).tokens).toBe(3);
  expect(untilNextToken(full, PACE)).toBe(0);
});

it('gives nothing for a clock that was set back', () => {
  expect(refilled({ tokens: 1, at: 1000 }, PACE, 0).tokens).toBe(1);
});
