import type { Draft } from './draft.ts';
import type { ObservedInstance } from './observation.ts';
import { ownInstances } from './ownership.ts';
import { TIMES } from './policy.ts';
import { isLost } from './trouble.ts';

/**
 * Ends an instance of the sandbox, unless it is ending already. Only one without a workspace is forgotten while its node
 * is silent, also when somebody else began to end it: nothing of the sandbox is left there that two could write to.
 */
export function endInstance(
  draft: Draft,
  instance: ObservedInstance,
  { graceMs, reason }: { graceMs: number; reason: string },
): void {
  const { uid, workspace, terminating } = instance;
  const force = isLost(instance) && workspace === undefined;
  if (terminating && !force) return;
  draft.actions.push({ type: 'deleteInstance', uid, graceMs: force ? 0 : graceMs, force, reason });
}

/** Ends every instance of the sandbox. */
export function endInstances(draft: Draft, reason: string): void {
  const own = ownInstances(draft.seen);
  const ending = new Set(draft.actions.map((action) => (action.type === 'deleteInstance' ? action.uid : undefined)));
  for (const instance of own) {
    if (!ending.has(instance.uid)) endInstance(draft, instance, { graceMs: TIMES.graceMs, reason });
  }
  if (own.length === 0) delete draft.status.endpoint;
}
