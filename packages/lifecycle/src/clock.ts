import { findCondition, reasons } from '@sandpiper/api';
import type { Draft } from './draft.ts';
import { TIMES } from './policy.ts';
import { steadyWords } from './words.ts';

/** So far below the limit have clocks to come before they count as agreeing again: a measurement wavers. */
const HYSTERESIS_MS = 10_000;

/** Says so when the API server's clock and ours differ by more than what is borne. */
export function judgeClocks(draft: Draft): void {
  const { clockSkewMs } = draft.seen;
  if (clockSkewMs === undefined) return;
  const before = findCondition(draft.status.conditions, 'ClockSynchronized');
  const limitMs = before?.status === 'False' ? TIMES.skewMs - HYSTERESIS_MS : TIMES.skewMs;
  if (Math.abs(clockSkewMs) > limitMs) {
    const message = steadyWords(before, reasons.ClocksDiffer, describe(clockSkewMs));
    draft.set('ClockSynchronized', 'False', reasons.ClocksDiffer, message);
  } else if (before?.status === 'False') draft.set('ClockSynchronized', 'True', reasons.ClocksAgree);
}

function describe(skewMs: number): string {
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const way = skewMs > 0 ? 'ahead of' : 'behind';
  return `The clock of the API server is ${seconds} s ${way} ours; deadlines are off by as much. Synchronize the clocks.`;
}
