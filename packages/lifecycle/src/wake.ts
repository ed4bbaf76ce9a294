import type { Draft } from './draft.ts';
import type { Observation } from './observation.ts';

/** Takes note of a wake: failures before it no longer count, so that it is started again at once. */
export function forgive(draft: Draft): void {
  const { lastFailure } = draft.status;
  if (!lastFailure || lastFailure.consecutive === 0 || !wakesFrom(draft.seen, lastFailure.at)) return;
  draft.status.lastFailure = { ...lastFailure, consecutive: 0 };
}

/**
 * Whether somebody has asked for it since this moment, and no stored status has taken note of that.
 *
 * The generation makes a wake count once. Its time alone would not do: the clock of who asks may be ahead of ours, and
 * until ours has caught up, every failure would seem to be before the wake.
 */
export function wakesFrom({ sandbox: { metadata, spec, status } }: Observation, moment: string): boolean {
  if (spec.wakeRequestedAt === undefined || status?.observedGeneration === metadata.generation) return false;
  return Date.parse(spec.wakeRequestedAt) > Date.parse(moment);
}
