import type { CodedError } from '@sandpiper/protocol';
import type { ProviderFailure } from '../providers/errors.ts';

export interface RetryPolicy {
  /** With the first one. */
  maxAttempts: number;
  /** Doubles with each attempt. */
  firstDelayMs: number;
  maxDelayMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { maxAttempts: 4, firstDelayMs: 1_000, maxDelayMs: 60_000 };

/**
 * Decides whether a failed answer is asked for again, and after how long. Pure.
 *
 * @param attempt  the one that failed; 1 is the first
 * @param random  0 to 1, spreads the delays of many runs that fail together
 * @returns undefined when the failure is final: it will not go away, the attempts are used up, or the provider asks for more patience
 *   than the policy has
 */
export function nextDelayMs(
  failure: ProviderFailure,
  attempt: number,
  policy: RetryPolicy,
  random: number,
): number | undefined {
  if (!failure.error.retryable || attempt >= maxAttemptsFor(failure.error, policy)) return undefined;
  if (failure.retryAfterMs !== undefined) {
    return failure.retryAfterMs > policy.maxDelayMs ? undefined : Math.round(failure.retryAfterMs);
  }
  const full = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (attempt - 1));
  return Math.round(full * (0.75 + random / 4));
}

/** A silence has already cost minutes: one more try, and no third. */
export function maxAttemptsFor(error: CodedError, policy: RetryPolicy): number {
  return error.code === 'PROVIDER_TIMEOUT' ? Math.min(2, policy.maxAttempts) : policy.maxAttempts;
}
