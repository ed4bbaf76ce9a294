import { isDeepStrictEqual } from 'node:util';
import { findCondition, isTrue, reasons, type Sandbox, type SandboxStatus } from '@sandpiper/api';
import type { Action, Decision } from './decision.ts';

/**
 * When a status has to be stored. A launch passes many states within a second, and what nobody can have read needs no
 * write; news does, and what the next decision must not forget.
 *
 * @param sandbox  as it was observed
 * @param after  the status that was decided
 */
export function statusWriteOf(sandbox: Sandbox, after: SandboxStatus, actions: Action[]): Decision['statusWrite'] {
  const before = sandbox.status ?? {};
  if (isDeepStrictEqual(before, after)) return 'none';
  // Nobody will read the status of a resource that is let go.
  if (actions.some(({ type }) => type === 'finalizeSandbox')) return 'soon';
  if (!sandbox.metadata.deletionTimestamp && isTakenAway(before, after, actions)) return 'first';
  return isNews(before, after) ? 'now' : 'soon';
}

/** Whether the actions end what the status tells of, or make what only the status makes ours. */
function isTakenAway(before: SandboxStatus, after: SandboxStatus, actions: Action[]): boolean {
  return actions.some(({ type }) => {
    switch (type) {
      case 'deleteInstance':
      case 'deleteSandbox':
        return true;
      case 'createWorkspace':
      case 'createInstance':
      case 'adoptInstance':
        // A retained workspace has no owner: the record is. One that is still called suspended would be ended again.
        return recordsRetained(before, after) || isTrue(before.conditions, 'Suspended');
      default:
        return false;
    }
  });
}

/** What somebody waits for, or would want to know at once. */
function isNews(before: SandboxStatus, after: SandboxStatus): boolean {
  if (!isDeepStrictEqual(before.lastFailure, after.lastFailure) || before.suspendedAt !== after.suspendedAt)
    return true;
  if (recordsRetained(before, after) || movesEndpoint(before, after)) return true;
  if (TURNS.some((type) => isTrue(before.conditions, type) !== isTrue(after.conditions, type))) return true;
  if (STATES.some((type) => reasonOf(before, type) !== reasonOf(after, type))) return true;
  const reason = findCondition(after.conditions, 'Ready')?.reason;
  return reason !== reasonOf(before, 'Ready') && reason !== undefined && !STEPS.has(reason);
}

function recordsRetained(before: SandboxStatus, after: SandboxStatus): boolean {
  return after.workspace?.retain === true && !isDeepStrictEqual(before.workspace, after.workspace);
}

/** Whether those who use the endpoint have to learn of another, or that it is gone. */
function movesEndpoint(before: SandboxStatus, after: SandboxStatus): boolean {
  if (isDeepStrictEqual(before.endpoint, after.endpoint)) return false;
  return after.endpoint === undefined || isTrue(after.conditions, 'ToolsReady');
}

function reasonOf({ conditions }: SandboxStatus, type: Parameters<typeof findCondition>[1]): string | undefined {
  return findCondition(conditions, type)?.reason;
}

/** Conditions of which it is news that they become true, or stop being so. */
const TURNS = ['Ready', 'ToolsReady', 'DesktopReady'] as const;

/** Conditions of which every change is news. */
const STATES = ['Suspended', 'Finished', 'ClockSynchronized'] as const;

/** Reasons of `Ready` that are steps on the way to it. */
const STEPS: ReadonlySet<string> = new Set([
  reasons.Creating,
  reasons.ToolsStarting,
  reasons.DesktopStarting,
  reasons.RestartBackoff,
]);
