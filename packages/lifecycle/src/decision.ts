import type { SandboxStatus } from '@sandpiper/api';

/**
 * What a sandbox needs next. Whoever applies it writes `status` first, guarded by the resourceVersion that was observed,
 * and drops the whole decision on a conflict; then the actions in order, stopping at the first that fails; then observes
 * again when anything changed.
 */
export interface Decision {
  status: SandboxStatus;
  actions: Action[];
  /** When only time can change the answer: ask again then. */
  requeueAfterMs?: number;
  events: LifecycleEvent[];
}

export type Action =
  | { type: 'createWorkspace'; name: string; retain: boolean }
  | {
      type: 'createInstance';
      workspace: string | undefined;
      display: { width: number; height: number };
      desktop: boolean;
    }
  /** Takes a warm instance and its workspace over; again when an earlier attempt stopped half-way. */
  | { type: 'adoptInstance'; uid: string }
  | { type: 'askToSuspend'; uid: string; ifIdleForMs: number }
  /** Takes back an agreement to suspend that the wish has overtaken. */
  | { type: 'reopenInstance'; uid: string }
  | { type: 'deleteInstance'; uid: string; graceMs: number; reason: string }
  | { type: 'deleteWorkspace'; name: string }
  /** Asks for the deletion of the resource. */
  | { type: 'deleteSandbox'; reason: string }
  /** Lets the resource go: nothing that it owned is left. */
  | { type: 'finalizeSandbox' };

export interface LifecycleEvent {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}
