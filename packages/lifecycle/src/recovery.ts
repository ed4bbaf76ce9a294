import { findCondition, reasons, type Sandbox } from '@sandpiper/api';
import { type Draft, iso } from './draft.ts';
import { type Failure, isDisplacement } from './failure.ts';
import type { ObservedInstance } from './observation.ts';
import { chooseInstance, ownInstances } from './ownership.ts';
import { TIMES } from './policy.ts';
import type { Trouble } from './trouble.ts';

/**
 * Records a failure. It is counted once: an instance that was given up is not chosen again, a lost one is no longer
 * published, and an attempt that made none is not newer than what was recorded. A sandbox that was only moved out of the
 * way is made anew without limit, unless it wants no restart at all.
 */
export function countFailure(draft: Draft, failure: Failure): void {
  const { status, seen } = draft;
  const { policy } = seen.sandbox.spec.restart;
  const counts = policy === 'Never' || !isDisplacement(failure.reason);
  const consecutive = carriedFailures(draft, failure.at) + (counts ? 1 : 0);
  const { at, message, ...rest } = failure;
  status.lastFailure = { ...rest, message: message.slice(0, 4096), at: iso(at), consecutive };
  delete status.endpoint;
  if (consecutive <= allowedFailures(seen.sandbox)) status.restarts = (status.restarts ?? 0) + 1;
}

/**
 * Keeps the cause of a trouble as a last failure that counts for nothing: no instance is given up for it. Noted once as
 * long as the reason stays, in the words with which it began.
 */
export function noteTrouble(draft: Draft, { reason, message }: Trouble): void {
  const { seen, status } = draft;
  const { lastFailure } = status;
  const now = iso(seen.now);
  const lasts = findCondition(seen.sandbox.status?.conditions, 'Ready')?.reason === reason;
  if (lastFailure?.reason === reason && (lasts || lastFailure.at === now)) return;
  // One that was given up and is still there must not be chosen again.
  const givenUp = ownInstances(seen).find(({ uid }) => uid === lastFailure?.uid)?.uid;
  const consecutive = carriedFailures(draft, seen.now);
  status.lastFailure = {
    reason,
    message: message.slice(0, 4096),
    at: now,
    consecutive,
    ...(givenUp && { uid: givenUp }),
  };
}

/** Counts restarts that happened in place since they were last counted, and keeps their cause. */
export function countRestartsInPlace(draft: Draft, instance: ObservedInstance): void {
  const { status, seen } = draft;
  if (!status.launch) return;
  const fresh = instance.restarts - (status.launch.restarts ?? 0);
  if (fresh <= 0) return;
  status.launch = { ...status.launch, restarts: instance.restarts };
  status.restarts = (status.restarts ?? 0) + fresh;
  if (!instance.lastExit) return;
  const { at: _others, message, ...exit } = instance.lastExit;
  const consecutive = carriedFailures(draft, seen.now);
  status.lastFailure = { ...exit, message: message.slice(0, 4096), at: iso(seen.now), consecutive };
}

/** True when it failed too often and nobody has asked for another try since. */
export function hasGivenUp({ seen, status: { lastFailure } }: Draft): boolean {
  if (!lastFailure || lastFailure.consecutive <= allowedFailures(seen.sandbox)) return false;
  return chooseInstance(seen) === undefined;
}

export function givenUpReason({ spec }: Sandbox): string {
  return spec.restart.policy === 'Never' ? reasons.NotRestarted : reasons.CrashLoop;
}

export function allowedFailures({ spec }: Sandbox): number {
  return spec.restart.policy === 'Never' ? 0 : spec.restart.maxRestarts;
}

/** Failures that still count against a sandbox which fails at this moment. */
function carriedFailures({ status: { lastFailure, launch } }: Draft, at: number): number {
  if (!lastFailure) return 0;
  const readyAt = launch?.readyAt === undefined ? undefined : Date.parse(launch.readyAt);
  const ranStably = readyAt !== undefined && readyAt > Date.parse(lastFailure.at) && at - readyAt >= TIMES.stableMs;
  return ranStably ? 0 : lastFailure.consecutive;
}
