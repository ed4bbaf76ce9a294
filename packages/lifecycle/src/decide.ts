import { isTrue, reasons } from '@sandpiper/api';
import { judgeClocks } from './clock.ts';
import type { Decision } from './decision.ts';
import { type Draft, draftOf } from './draft.ts';
import { finish } from './finish.ts';
import type { Observation } from './observation.ts';
import { effectiveLifetime } from './policy.ts';
import { givenUpReason, hasGivenUp } from './recovery.ts';
import { remove } from './remove.ts';
import { run } from './run.ts';
import { resume, suspend, suspensionReason } from './suspend.ts';
import { forgive } from './wake.ts';

/**
 * Decides what one sandbox needs next. Pure: same observation, same decision, whatever was decided before.
 *
 * @param seen  the resource, what it owns and the moment they were read (`seen.now`, epoch ms)
 * @returns the status, and when it has to be stored; actions in the order in which they must be applied;
 *   `requeueAfterMs` when only time can change the answer
 */
export function decide(seen: Observation): Decision {
  const draft = draftOf(seen);
  if (seen.sandbox.metadata.deletionTimestamp) remove(draft);
  else live(draft);
  return draft.finish();
}

function live(draft: Draft): void {
  const { seen } = draft;
  judgeClocks(draft);
  const { endsAt, shutdownPolicy } = effectiveLifetime(seen.sandbox, seen.template);
  if (endsAt !== undefined && seen.now >= endsAt) {
    finish(draft, reasons.Expired);
    if (shutdownPolicy === 'Delete') draft.actions.push({ type: 'deleteSandbox', reason: reasons.Expired });
    return;
  }
  draft.again(endsAt);

  forgive(draft);
  const givenUp = hasGivenUp(draft);
  if (!givenUp) unfinish(draft);
  const suspension = suspensionReason(seen);
  if (suspension !== undefined) {
    suspend(draft, suspension);
    return;
  }
  resume(draft);
  if (givenUp) finish(draft, givenUpReason(seen.sandbox));
  else run(draft);
}

function unfinish(draft: Draft): void {
  if (!isTrue(draft.status.conditions, 'Finished')) return;
  draft.clear('Finished', reasons.InUse);
  // Its instance was told to end; that it does is no failure.
  delete draft.status.endpoint;
}
