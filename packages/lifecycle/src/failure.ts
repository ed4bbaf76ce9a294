import { findCondition, isTrue, reasons, type Sandbox, type SandboxStatus } from '@sandpiper/api';
import type { Draft } from './draft.ts';
import type { InstanceExit, Observation, ObservedInstance } from './observation.ts';
import { ownInstances } from './ownership.ts';
import { TIMES } from './policy.ts';
import { isLost, lostMessage } from './trouble.ts';

/** A start or a run that came to nothing. */
export interface Failure {
  reason: string;
  message: string;
  exitCode?: number;
  at: number;
  /** The instance to give up, if there is one. */
  uid?: string;
}

/** Ends that come from outside: they say nothing about what runs in the sandbox. */
const DISPLACEMENTS: ReadonlySet<string> = new Set([
  reasons.Evicted,
  reasons.Preempted,
  reasons.NodeShutdown,
  reasons.NodeLost,
  reasons.InstanceDeleted,
]);

/** Whether the sandbox was moved out of the way, rather than failed. */
export function isDisplacement(reason: string): boolean {
  return DISPLACEMENTS.has(reason);
}

/** Finds out whether an instance has to be given up, and why. */
export function instanceFailure(seen: Observation, instance: ObservedInstance): Failure | undefined {
  const { uid, lastExit } = instance;
  const { now, sandbox } = seen;
  if (instance.state === 'Failed') {
    if (!lastExit) return { reason: reasons.InstanceFailed, message: 'The instance ended.', at: now, uid };
    return { ...lastExit, at: ownTime(seen, lastExit), uid };
  }
  if (isLost(instance)) {
    // On a workspace it is waited for: it may still run.
    if (instance.workspace !== undefined) return undefined;
    return { reason: reasons.NodeLost, message: lostMessage(instance), at: now, uid };
  }
  if (instance.toolsReady) return undefined;
  if (instance.restarts > sandbox.spec.restart.maxRestarts && lastExit) {
    return { ...lastExit, at: now, uid, reason: reasons.CrashLoop };
  }
  const deadline = answerDeadline(seen, instance);
  if (deadline === undefined || now < deadline.at) return undefined;
  const { reason } = deadline;
  const message = lastExit && instance.restarts > 0 ? `${deadline.message} ${lastExit.message}` : deadline.message;
  return { reason, message, at: now, uid };
}

/** Until when tool-api of a running instance has to answer. */
export function answerDeadline(
  seen: Observation,
  instance: ObservedInstance,
): { at: number; reason: string; message: string } | undefined {
  const { sandbox, now } = seen;
  if (instance.toolsReady || instance.state !== 'Running' || isLost(instance)) return undefined;
  if (hasAnswered(sandbox, instance)) {
    const tools = findCondition(sandbox.status?.conditions, 'ToolsReady');
    const silentSince = tools?.status === 'False' ? Date.parse(tools.lastTransitionTime) : now;
    const at = silentSince + TIMES.unresponsiveMs;
    const message = `tool-api has not answered for ${TIMES.unresponsiveMs / 1000} s.`;
    return { at, reason: reasons.Unresponsive, message };
  }
  const at = startOf(seen, instance) + TIMES.startDeadlineMs;
  const message = `tool-api has not answered within ${TIMES.startDeadlineMs / 1000} s of its start.`;
  return { at, reason: reasons.StartTimeout, message };
}

/**
 * When it began to start, by our clock as far as that is known. The rest is borne by a deadline of twice as much: the skew
 * of the server is measured, that of the node which tells since when it runs is not, and may be the same.
 */
function startOf({ clockSkewMs = 0 }: Observation, { runningSince, createdAt }: ObservedInstance): number {
  if (runningSince === undefined) return createdAt - clockSkewMs;
  return Math.max(runningSince, runningSince - clockSkewMs);
}

/** Whether tool-api of the published instance has answered before: then its silence is no slow start. */
export function hasAnswered({ status }: Sandbox, instance: ObservedInstance): boolean {
  if (status?.endpoint?.uid !== instance.uid) return false;
  return isTrue(status.conditions, 'ToolsReady') || isSilent(status);
}

/** Whether what is published was not heard when last looked at, by itself or with its node. */
export function isSilent(status: SandboxStatus): boolean {
  const reason = findCondition(status.conditions, 'ToolsReady')?.reason;
  return reason === reasons.Unresponsive || reason === reasons.NodeLost;
}

/** The published instance is nowhere, or somebody ends it, or an attempt made none. */
export function absentFailure(draft: Draft): Failure | undefined {
  const { seen, status } = draft;
  const { endpoint, lastFailure } = status;
  if (endpoint) {
    const published = ownInstances(seen).find(({ uid }) => uid === endpoint.uid);
    if (published?.terminating === true) return displacement(seen, published);
    if (!published) {
      draft.restOnAbsence();
      return { ...disappearance(seen), at: seen.now, uid: endpoint.uid };
    }
  }
  const failure = seen.createFailure;
  if (failure?.kind !== 'failed' && failure?.kind !== 'refused') return undefined;
  if (lastFailure && Date.parse(lastFailure.at) >= failure.at) return undefined;
  return { reason: failure.reason, message: failure.message, at: failure.at };
}

function disappearance({ sandbox: { status } }: Observation): { reason: string; message: string } {
  const isExplained = findCondition(status?.conditions, 'Ready')?.reason === reasons.NodeLost;
  if (isExplained) return { reason: reasons.NodeLost, message: 'The instance is gone with its node.' };
  return { reason: reasons.InstanceLost, message: 'The instance is gone.' };
}

function displacement(seen: Observation, instance: ObservedInstance): Failure {
  const { uid, lastExit } = instance;
  if (lastExit && isDisplacement(lastExit.reason)) return { ...lastExit, at: ownTime(seen, lastExit), uid };
  if (isLost(instance)) return { reason: reasons.NodeLost, message: lostMessage(instance), at: seen.now, uid };
  return { reason: reasons.InstanceDeleted, message: 'Somebody deleted the instance.', at: seen.now, uid };
}

/**
 * When it ended, by our clock: others' may be off by as much as the exit is old, and backoff must be counted from a moment
 * of ours. Only what ended while nobody watched is older.
 */
function ownTime({ now }: Observation, { at }: InstanceExit): number {
  return at < now - TIMES.skewMs ? at : now;
}
