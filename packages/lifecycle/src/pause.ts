import { findCondition, reasons } from '@sandpiper/api';
import type { Draft } from './draft.ts';
import { isDisplacement } from './failure.ts';
import type { CreateFailure } from './observation.ts';
import { TIMES } from './policy.ts';
import { noteTrouble } from './recovery.ts';
import { wakesFrom } from './wake.ts';

/** Until when the next attempt waits, epoch ms, and what to say meanwhile. */
export interface Pause {
  until: number;
  reason: string;
  message: string;
}

export function pauseOf(draft: Draft): Pause {
  const { seen, status } = draft;
  const pause = seen.createFailure?.kind === 'capacity' && quotaPause(draft, seen.createFailure);
  if (pause) return pause;
  const until = nextAttemptAt(draft);
  const { reason, message = '' } = status.lastFailure ?? {};
  if (seen.now >= until) return { until, reason: reasons.Creating, message: 'Its instance is being made.' };
  if (reason === reasons.PodRefused) return { until, reason, message };
  return { until, reason: reasons.RestartBackoff, message: `${message} It is started again soon.`.trim() };
}

/**
 * The pause for a quota is as long as the trouble has lasted, within bounds: attempts come ever more rarely, and no status
 * counts them. While it lasts, an attempt is no news.
 */
function quotaPause(draft: Draft, { reason, message, at }: CreateFailure): Pause | undefined {
  const { seen, status } = draft;
  const { lastFailure } = status;
  if (lastFailure && wakesFrom(seen, lastFailure.at)) return undefined;
  const lastedMs = lastFailure?.reason === reason ? at - Date.parse(lastFailure.at) : 0;
  const { first, longest } = TIMES.quotaMs;
  const until = at + Math.min(longest, Math.max(first, lastedMs));
  const stands = findCondition(seen.sandbox.status?.conditions, 'Ready')?.reason === reason;
  if (seen.now < until) noteTrouble(draft, { reason, message });
  return seen.now < until || stands ? { until, reason, message } : undefined;
}

/**
 * At once after a wake, else later with every failure in a row. What was moved out of the way starts again at once if it
 * ran for a while; otherwise its starts are kept apart.
 */
function nextAttemptAt({ seen, status: { lastFailure, launch } }: Draft): number {
  if (!lastFailure || wakesFrom(seen, lastFailure.at)) return 0;
  const failedAt = Date.parse(lastFailure.at);
  const { first, longest } = TIMES.backoffMs;
  if (isDisplacement(lastFailure.reason)) {
    const apartAt = Date.parse(launch?.startedAt ?? lastFailure.at) + TIMES.apartMs;
    return Math.min(Math.max(apartAt, failedAt + first), failedAt + TIMES.apartMs);
  }
  if (lastFailure.consecutive === 0) return 0;
  return failedAt + Math.min(longest, first * 2 ** (lastFailure.consecutive - 1));
}
