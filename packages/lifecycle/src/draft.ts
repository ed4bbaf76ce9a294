import { type ConditionType, findCondition, type SandboxStatus, setCondition } from '@sandpiper/api';
import type { Action, Decision } from './decision.ts';
import { eventsBetween } from './events.ts';
import type { Observation } from './observation.ts';
import { statusWriteOf } from './status-write.ts';

/** A decision in the making: the status as it was observed, changed step by step, and the actions so far. */
export interface Draft {
  readonly seen: Observation;
  readonly status: SandboxStatus;
  readonly actions: Action[];
  /** Sets a condition. */
  set(type: ConditionType, value: 'True' | 'False' | 'Unknown', reason: string, message?: string): void;
  /** Sets a condition to False, where it was ever set. */
  clear(type: ConditionType, reason: string): void;
  /** Asks for another decision at this moment at the latest, epoch ms. */
  again(at: number | undefined): void;
  /** Takes note that an instance was missed; what follows from that is not to follow from a cache alone. */
  restOnAbsence(): void;
  finish(): Decision;
}

export function draftOf(seen: Observation): Draft {
  const { status: before = {}, metadata } = seen.sandbox;
  const status: SandboxStatus = { ...before, observedGeneration: metadata.generation };
  const actions: Action[] = [];
  const nowIso = iso(seen.now);
  let againAt = Infinity;
  let misses = false;

  const set: Draft['set'] = (type, value, reason, message = '') => {
    const next = { type, status: value, reason, message, observedGeneration: metadata.generation };
    status.conditions = setCondition(status.conditions ?? [], next, nowIso);
  };

  return {
    seen,
    status,
    actions,
    set,
    clear(type, reason) {
      if (findCondition(status.conditions, type)) set(type, 'False', reason);
    },
    again(at) {
      if (at !== undefined) againAt = Math.min(againAt, at);
    },
    restOnAbsence() {
      misses = true;
    },
    finish() {
      return {
        status,
        statusWrite: statusWriteOf(seen.sandbox, status, actions),
        confirm: seen.live !== true && (misses || actions.some((action) => needsAbsence(seen, action))),
        actions,
        events: eventsBetween(before, status),
        // At least one: a deadline that is due now was already looked at in this decision.
        ...(againAt !== Infinity && { requeueAfterMs: Math.max(1, Math.ceil(againAt - seen.now)) }),
      };
    },
  };
}

/** Whether it must not be done beside an instance that a cache does not show. */
function needsAbsence(seen: Observation, action: Action): boolean {
  switch (action.type) {
    case 'createWorkspace':
    case 'createInstance':
    case 'deleteWorkspace':
    case 'finalizeSandbox':
      return true;
    case 'adoptInstance':
      // The second half of an adoption is about an instance that is there.
      return seen.candidates.some(({ uid }) => uid === action.uid);
    default:
      return false;
  }
}

export function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
