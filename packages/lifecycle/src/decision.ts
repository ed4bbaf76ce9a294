import type { SandboxStatus } from '@sandpiper/api';

/**
 * What a sandbox needs next. Whoever applies it
 *
 * 1. starts over with a live list of instances when `confirm` asks for one;
 * 2. stores `status` when `statusWrite` says, guarded by the resourceVersion that was observed, and drops what is left of
 *    the decision on a conflict;
 * 3. takes the actions in order, stopping at the first that fails;
 * 4. observes again when anything changed, and never decides on a resource that is older than its own last write.
 *
 * Storing every status before the actions is right too: it only costs more writes.
 */
export interface Decision {
  status: SandboxStatus;
  /**
   * - `none`: it is as it was observed.
   * - `first`: before any action, because the actions take away what it rests on, or are lost without it.
   * - `now`: in this pass, after the actions, when all of them are done; what is decided on looking again will do as well.
   * - `soon`: it only tells of progress. It may be held back for `TIMES.progressMs`, counted from the first that was, and
   *   then the newest is stored; it is dropped when one that is not `soon` is stored, or nothing is left to tell.
   */
  statusWrite: 'none' | 'first' | 'now' | 'soon';
  /**
   * It rests on instances not being there, and the observation was not `live`. Nothing of it is applied: list them at their
   * source, and decide again.
   */
  confirm: boolean;
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
  /**
   * Has an instance take work again, which may have agreed to suspend before the wish changed. Once it is done, the last
   * answer is that it refused, after 0 ms idle, for this generation: it is given the idle timeout to be used.
   */
  | { type: 'reopenInstance'; uid: string }
  /**
   * `force` takes it off the books without waiting for its node, which is silent; never one that holds a workspace. Without
   * it, a grace of 0 still means: until the node says that it has ended.
   */
  | { type: 'deleteInstance'; uid: string; graceMs: number; force: boolean; reason: string }
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
