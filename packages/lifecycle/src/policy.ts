import { defaultLifetime, durationMs, type Sandbox, type SandboxTemplate } from '@sandpiper/api';

/** Times of the lifecycle that no resource sets. */
export const TIMES = {
  /** tool-api has to answer this long after the start. */
  startDeadlineMs: 120_000,
  /** tool-api that answered before may be silent for this long. */
  unresponsiveMs: 60_000,
  /** Running for this long forgives earlier failures. */
  stableMs: 300_000,
  /** First and longest wait before a failed instance is made anew; the wait doubles in between. */
  backoffMs: { first: 500, longest: 300_000 },
  /** Time for a clean end. */
  graceMs: 5_000,
  /** A sandbox whose session is absent is deleted after this long. */
  orphanMs: 7 * 24 * 3_600_000,
  /** A sandbox that must wait for a pool looks again after this long. */
  poolRetryMs: 2_000,
  /** Another object has the name: whether it is gone is looked at this often. */
  conflictRetryMs: 10_000,
  /** Between two requests to suspend, at least. */
  askAgainMs: 250,
  /** A status that only tells of progress may be held back for this long. */
  progressMs: 1_000,
  /** Clocks may differ by this much without anybody noticing. */
  skewMs: 60_000,
  /** First and longest wait for a quota; in between, as long as it has lasted. */
  quotaMs: { first: 1_000, longest: 30_000 },
  /** Starts after an eviction and the like lie this far apart. */
  apartMs: 30_000,
} as const;

export interface EffectiveLifetime {
  idleTimeoutMs: number;
  idlePolicy: 'Suspend' | 'Delete';
  /** Epoch ms; undefined for ever. */
  endsAt: number | undefined;
  shutdownPolicy: 'Delete' | 'Retain';
}

/** The lifetime that counts: the sandbox's word, then its template's, then the built-in one. */
export function effectiveLifetime(sandbox: Sandbox, template: SandboxTemplate | undefined): EffectiveLifetime {
  const merged = { ...defaultLifetime, ...template?.spec.defaults?.lifetime, ...sandbox.spec.lifetime };
  const ends = [
    merged.shutdownTime === undefined ? undefined : Date.parse(merged.shutdownTime),
    merged.maxLifetime === undefined
      ? undefined
      : Date.parse(sandbox.metadata.creationTimestamp) + durationMs(merged.maxLifetime),
  ].filter((moment) => moment !== undefined);
  return {
    idleTimeoutMs: durationMs(merged.idleTimeout),
    idlePolicy: merged.idlePolicy,
    endsAt: ends.length === 0 ? undefined : Math.min(...ends),
    shutdownPolicy: merged.shutdownPolicy,
  };
}
