import { annotations, labels, type Sandbox } from '@sandpiper/api';

export interface SweepReport {
  checked: number;
  swept: string[];
  /** True when too much would have been touched, so that nothing was. */
  stopped: boolean;
}

/** What a sweep has to write. */
export interface SweepPlan {
  /** Sandboxes whose session is absent, to be marked as orphaned: suspended now, deleted after a week. */
  mark: readonly Sandbox[];
  /** Marked ones whose session is back. */
  unmark: readonly Sandbox[];
  /** Whether so many are to be marked that a lost database is likelier than litter: then none may be. */
  isTooMuch: boolean;
}

/**
 * Compares sandboxes with the sessions that exist. Pure.
 *
 * @param known  ids of all sessions that exist
 * @param youngestMs  creations after this moment (epoch ms) are left alone: their sessions may be younger than `known`
 */
export function planSweep(sandboxes: readonly Sandbox[], known: ReadonlySet<string>, youngestMs = Infinity): SweepPlan {
  const isKnown = (sandbox: Sandbox): boolean => known.has(sessionOf(sandbox));
  const isYoung = ({ metadata }: Sandbox): boolean => Date.parse(metadata.creationTimestamp) > youngestMs;
  const mark = sandboxes.filter((sandbox) => !isKnown(sandbox) && !isMarked(sandbox) && !isYoung(sandbox));
  const unmark = sandboxes.filter((sandbox) => isKnown(sandbox) && isMarked(sandbox));
  return { mark, unmark, isTooMuch: isTooMany(mark.length, sandboxes.length) };
}

/** Whether a sweep would touch more than a tenth. One is always allowed: of a few it is more than that by itself. */
export function isTooMany(count: number, of: number): boolean {
  return count > Math.max(1, of / 10);
}

/** Id of the session that a sandbox belongs to. */
export function sessionOf({ metadata }: Sandbox): string {
  return metadata.labels?.[labels.session] ?? metadata.name;
}

function isMarked({ metadata }: Sandbox): boolean {
  return metadata.annotations?.[annotations.orphanedAt] !== undefined;
}
