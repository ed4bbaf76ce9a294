import { annotations, findCondition, isTrue, reasons } from '@sandpiper/api';
import { type Draft, iso } from './draft.ts';
import type { Observation } from './observation.ts';
import { endInstances } from './ending.ts';
import { ownInstances } from './ownership.ts';
import { TIMES } from './policy.ts';
import { withdraw } from './publish.ts';
import { stuckHint } from './trouble.ts';

/** Why a sandbox is to be suspended or stay so, or undefined when it should run. */
export function suspensionReason(seen: Observation): string | undefined {
  const { spec, status } = seen.sandbox;
  const suspended = findCondition(status?.conditions, 'Suspended');
  const stays = suspended?.status === 'True' && !isLifted(seen, suspended.reason);
  if (spec.operatingMode === 'Suspended') return reasons.Requested;
  if (orphanedAt(seen) !== undefined) return reasons.Orphaned;
  if (stays) return suspended.reason;
  // One that closed itself to work is not used again, whenever the wake came: it goes first, then a fresh one starts.
  if (suspended?.status === 'True' && ownInstances(seen).length > 0) return suspended.reason;
  return seen.hostStopping === true ? reasons.HostStopped : undefined;
}

/** Since when the session has been absent, epoch ms. */
export function orphanedAt({ sandbox }: Observation): number | undefined {
  const moment = sandbox.metadata.annotations?.[annotations.orphanedAt];
  const at = moment === undefined ? NaN : Date.parse(moment);
  return Number.isNaN(at) ? undefined : at;
}

/**
 * Suspends: the status says so first, then the instance goes, so that nobody finds a sandbox that is neither. What it has
 * in its workspace stays. The endpoint is kept until the instance is gone: it tells suspending from suspended.
 */
export function suspend(draft: Draft, reason: string): void {
  const { seen, status } = draft;
  const message = MESSAGES[reason] ?? '';
  if (!isTrue(status.conditions, 'Suspended') || status.suspendedAt === undefined)
    status.suspendedAt = momentAfter(seen);
  draft.set('Suspended', 'True', reason, message);
  withdraw(draft, reason, message + stuckHint(seen));
  endInstances(draft, 'suspended');
  const orphaned = orphanedAt(seen);
  if (orphaned === undefined) return;
  const deleteAt = orphaned + TIMES.orphanMs;
  if (seen.now >= deleteAt) draft.actions.push({ type: 'deleteSandbox', reason: reasons.Orphaned });
  else draft.again(deleteAt);
}

/** Takes note that a suspension is over. */
export function resume(draft: Draft): void {
  if (!isTrue(draft.status.conditions, 'Suspended')) return;
  draft.set('Suspended', 'False', reasons.Awake, 'It was asked to wake.');
  delete draft.status.suspendedAt;
  delete draft.status.endpoint;
}

/** Now, but not before the last wake: the clock of who asked may be ahead, and that wake was answered already. */
function momentAfter({ now, sandbox }: Observation): string {
  return iso(Math.max(now, Date.parse(sandbox.spec.wakeRequestedAt ?? '') || 0));
}

function isLifted({ sandbox: { spec, status } }: Observation, reason: string): boolean {
  // The wish that suspended it is gone; an idle one needs somebody who wants it back.
  if (reason === reasons.Requested && spec.operatingMode === 'Running') return true;
  if (spec.wakeRequestedAt === undefined) return false;
  return status?.suspendedAt === undefined || Date.parse(spec.wakeRequestedAt) > Date.parse(status.suspendedAt);
}

const MESSAGES: Partial<Record<string, string>> = {
  [reasons.Idle]: 'Nothing happened for the idle timeout.',
  [reasons.Requested]: 'Somebody asked for it.',
  [reasons.Orphaned]: 'Its session is absent.',
  [reasons.HostStopped]: 'The host stopped its sandboxes.',
};
