import { findCondition, reasons, type Sandbox } from '@sandpiper/api';
import { type Draft, iso } from './draft.ts';
import type { Observation, ObservedInstance } from './observation.ts';
import { chooseInstance, ownInstances } from './ownership.ts';
import { TIMES } from './policy.ts';

/** A start or a run that came to nothing. */
export interface Failure {
  reason: string;
  message: string;
  exitCode?: number;
  at: number;
  /** The instance to give up, if there is one. */
  uid?: string;
}

/** Finds out whether an instance has to be given up, and why. */
export function instanceFailure(seen: Observation, instance: ObservedInstance): Failure | undefined {
  const { uid, lastExit } = instance;
  if (instance.state === 'Failed') {
    const exit = lastExit ?? { reason: reasons.InstanceFailed, message: 'The instance ended.', at: seen.now };
    return { ...exit, uid };
  }
  if (instance.toolsReady) return undefined;
  if (instance.restarts > seen.sandbox.spec.restart.maxRestarts && lastExit) {
    return { ...lastExit, at: seen.now, uid, reason: reasons.CrashLoop };
  }
  const deadline = answerDeadline(seen, instance);
  if (deadline === undefined || seen.now < deadline.at) return undefined;
  return { reason: deadline.reason, message: deadline.message, at: seen.now, uid };
}

/** Until when tool-api of a running instance has to answer. */
export function answerDeadline(
  { sandbox, now }: Observation,
  instance: ObservedInstance,
): { at: number; reason: string; message: string } | undefined {
  if (instance.toolsReady || instance.state !== 'Running') return undefined;
  if (hasAnswered(sandbox, instance)) {
    const tools = findCondition(sandbox.status?.conditions, 'ToolsReady');
    const silentSince = tools?.status === 'False' ? Date.parse(tools.lastTransitionTime) : now;
    const at = silentSince + TIMES.unresponsiveMs;
    const message = `tool-api has not answered for ${TIMES.unresponsiveMs / 1000} s.`;
    return { at, reason: reasons.Unresponsive, message };
  }
  const at = instance.createdAt + TIMES.startDeadlineMs;
  const message = `tool-api has not answered within ${TIMES.startDeadlineMs / 1000} s of its start.`;
  return { at, reason: reasons.StartTimeout, message };
}

/** Whether tool-api of the published instance has answered before: then its silence is no slow start. */
export function hasAnswered({ status }: Sandbox, instance: ObservedInstance): boolean {
  if (status?.endpoint?.uid !== instance.uid) return false;
  const tools = findCondition(status.conditions, 'ToolsReady');
  return tools?.status === 'True' || tools?.reason === reasons.Unresponsive;
}

/** A published instance that is nowhere, or an attempt that made none. */
export function absentFailure({ seen, status }: Draft): Failure | undefined {
  const { endpoint, lastFailure } = status;
  if (endpoint && !ownInstances(seen).some((instance) => instance.uid === endpoint.uid)) {
    return { reason: reasons.InstanceLost, message: 'The instance is gone.', at: seen.now, uid: endpoint.uid };
  }
  const failure = seen.createFailure;
  if (!failure || (lastFailure && Date.parse(lastFailure.at) >= failure.at)) return undefined;
  return { reason: failure.reason, message: failure.message, at: failure.at };
}

/**
 * Records a failure. It is counted once: an instance that was given up is not chosen again, a lost one is no longer
 * published, and an attempt that made none is not newer than what was recorded.
 */
export function countFailure(draft: Draft, failure: Failure): void {
  const { status } = draft;
  const consecutive = carriedFailures(draft.seen.sandbox, failure.at) + 1;
  const { at, message, ...rest } = failure;
  status.lastFailure = { ...rest, message: message.slice(0, 4096), at: iso(at), consecutive };
  delete status.endpoint;
  if (consecutive <= allowedFailures(draft.seen.sandbox)) status.restarts = (status.restarts ?? 0) + 1;
}

/** Counts restarts that happened in place since they were last counted, and keeps their cause. */
export function countRestartsInPlace(draft: Draft, instance: ObservedInstance): void {
  const { status } = draft;
  if (!status.launch) return;
  const fresh = instance.restarts - (status.launch.restarts ?? 0);
  if (fresh <= 0) return;
  status.launch = { ...status.launch, restarts: instance.restarts };
  status.restarts = (status.restarts ?? 0) + fresh;
  if (!instance.lastExit) return;
  const { at, ...exit } = instance.lastExit;
  status.lastFailure = { ...exit, at: iso(at), consecutive: carriedFailures(draft.seen.sandbox, at) };
}

/** True when it failed too often and nobody has asked for another try since. */
export function hasGivenUp(seen: Observation): boolean {
  const { lastFailure } = seen.sandbox.status ?? {};
  if (!lastFailure || wokenSince(seen.sandbox, lastFailure.at)) return false;
  return lastFailure.consecutive > allowedFailures(seen.sandbox) && chooseInstance(seen) === undefined;
}

/** When the next attempt may begin, epoch ms: at once after a wake, else later with every failure in a row. */
export function nextAttemptAt(sandbox: Sandbox): number {
  const { lastFailure } = sandbox.status ?? {};
  if (!lastFailure || lastFailure.consecutive === 0 || wokenSince(sandbox, lastFailure.at)) return 0;
  const { first, longest } = TIMES.backoffMs;
  return Date.parse(lastFailure.at) + Math.min(longest, first * 2 ** (lastFailure.consecutive - 1));
}

export function givenUpReason({ spec }: Sandbox): string {
  return spec.restart.policy === 'Never' ? reasons.NotRestarted : reasons.CrashLoop;
}

export function allowedFailures({ spec }: Sandbox): number {
  return spec.restart.policy === 'Never' ? 0 : spec.restart.maxRestarts;
}

/** Failures that still count against a sandbox which fails at this moment. */
function carriedFailures(sandbox: Sandbox, at: number): number {
  const { lastFailure, launch } = sandbox.status ?? {};
  if (!lastFailure || wokenSince(sandbox, lastFailure.at)) return 0;
  const readyAt = launch?.readyAt === undefined ? undefined : Date.parse(launch.readyAt);
  const ranStably = readyAt !== undefined && readyAt > Date.parse(lastFailure.at) && at - readyAt >= TIMES.stableMs;
  return ranStably ? 0 : lastFailure.consecutive;
}

function wokenSince({ spec }: Sandbox, moment: string): boolean {
  return spec.wakeRequestedAt !== undefined && Date.parse(spec.wakeRequestedAt) > Date.parse(moment);
}
