import { type ConditionType, findCondition, type SandboxStatus, setCondition } from '@sandpiper/api';
import type { Action, Decision } from './decision.ts';
import { eventsBetween } from './events.ts';
import type { Observation } from './observation.ts';

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
  finish(): Decision;
}

export function draftOf(seen: Observation): Draft {
  const { status: before = {}, metadata } = seen.sandbox;
  const status: SandboxStatus = { ...before, observedGeneration: metadata.generation };
  const actions: Action[] = [];
  const nowIso = iso(seen.now);
  let againAt = Infinity;

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
    finish() {
      return {
        status,
        statusWrite: 'first',
        confirm: false,
        actions,
        events: eventsBetween(before, status),
        // At least one: a deadline that is due now was already looked at in this decision.
        ...(againAt !== Infinity && { requeueAfterMs: Math.max(1, Math.ceil(againAt - seen.now)) }),
      };
    },
  };
}

export function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
