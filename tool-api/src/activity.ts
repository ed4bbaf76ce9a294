import type { BusyReason, SuspendAnswer } from '@sandpiper/protocol';
import { errors } from './errors.ts';

/** Whether somebody needs this sandbox, and whether it still takes work: what an answer to `POST /v1/suspend` rests on. */
export interface Activity {
  /** Something begins that takes time; call the result once when it ends. Throws SUSPENDING or STOPPING. */
  begin(reason: BusyReason): () => void;
  /** Something happened just now, such as a key press of a viewer. */
  touch(reason: BusyReason): void;
  /** A check that is asked whenever it matters, for things that have no clear end. Returns how to take it back. */
  watch(check: () => BusyReason | undefined): () => void;
  /** Counts as busy for so long from now on; 0 takes that back. */
  keepAwake(forMs: number): void;
  /** Throws SUSPENDING or STOPPING when no new work is taken. */
  assertOpen(): void;
  /** Answers how idle it is; when that is enough, agrees and takes no more work, in one step. */
  suspend(ifIdleForMs: number): SuspendAnswer;
  /** Takes work again, after a suspension that did not come about. */
  reopen(): void;
  /** Takes no more work for good, and resolves when all calls have ended. */
  drain(): Promise<void>;
}

/** @param now  milliseconds of a clock that never goes back */
export function createActivity(now: () => number = () => performance.now()): Activity {
  const running = new Map<BusyReason, number>();
  const checks = new Set<() => BusyReason | undefined>();
  let state: 'open' | 'suspending' | 'stopping' = 'open';
  let last: { reason: BusyReason; at: number } = { reason: 'call', at: now() };
  let awakeUntil = -Infinity;
  let whenDrained: (() => void) | undefined;

  const touch = (reason: BusyReason): void => {
    last = { reason, at: now() };
  };
  const assertOpen = (): void => {
    if (state === 'suspending') throw errors.SUSPENDING();
    if (state === 'stopping') throw errors.STOPPING();
  };
  const busyNow = (): BusyReason | undefined => {
    for (const [reason, count] of running) if (count > 0) return reason;
    for (const check of checks) {
      const reason = check();
      if (reason) return reason;
    }
    return now() < awakeUntil ? 'keep-alive' : undefined;
  };

  return {
    touch,
    assertOpen,
    begin(reason) {
      assertOpen();
      touch(reason);
      running.set(reason, (running.get(reason) ?? 0) + 1);
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        running.set(reason, (running.get(reason) ?? 1) - 1);
        touch(reason);
        if (running.get('call') === 0) whenDrained?.();
      };
    },
    watch(check) {
      checks.add(check);
      return () => checks.delete(check);
    },
    keepAwake(forMs) {
      awakeUntil = now() + forMs;
    },
    suspend(ifIdleForMs) {
      const reason = busyNow();
      if (reason) {
        touch(reason);
        return { agreed: false, idleForMs: 0, busy: { reason } };
      }
      const idleForMs = now() - last.at;
      if (idleForMs < ifIdleForMs) return { agreed: false, idleForMs, busy: { reason: last.reason } };
      if (state === 'open') state = 'suspending';
      return { agreed: true, idleForMs };
    },
    reopen() {
      if (state === 'suspending') state = 'open';
    },
    drain() {
      state = 'stopping';
      if ((running.get('call') ?? 0) === 0) return Promise.resolve();
      return new Promise((resolve) => {
        whenDrained = resolve;
      });
    },
  };
}
