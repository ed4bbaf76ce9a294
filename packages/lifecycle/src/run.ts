import { reasons } from '@sandpiper/api';
import type { Draft } from './draft.ts';
import { endInstance } from './ending.ts';
import { absentFailure, answerDeadline, instanceFailure } from './failure.ts';
import { finish } from './finish.ts';
import { judgeIdleness } from './idle.ts';
import type { ObservedInstance } from './observation.ts';
import { chooseInstance, findWorkspace, ownInstances } from './ownership.ts';
import { effectiveLifetime, TIMES } from './policy.ts';
import { publish, recordStart, withdraw } from './publish.ts';
import { allowedFailures, countFailure, countRestartsInPlace, givenUpReason, noteTrouble } from './recovery.ts';
import { start } from './start.ts';
import { suspend } from './suspend.ts';
import { troubleOf } from './trouble.ts';

/** Sees to it that a sandbox that should run has one instance that answers. */
export function run(draft: Draft): void {
  const { seen } = draft;
  const chosen = chooseInstance(seen);
  const failure = chosen ? instanceFailure(seen, chosen) : absentFailure(draft);
  if (failure) {
    if (chosen) recordStart(draft, chosen);
    countFailure(draft, failure);
  }
  const instance = failure ? undefined : chosen;

  for (const each of ownInstances(seen)) {
    if (each.uid === instance?.uid) continue;
    endInstance(draft, each, { graceMs: 0, reason: each.uid === failure?.uid ? failure.reason : 'superseded' });
  }
  if (instance) keep(draft, instance);
  else if (failure && (draft.status.lastFailure?.consecutive ?? 0) > allowedFailures(seen.sandbox)) {
    finish(draft, givenUpReason(seen.sandbox));
  } else start(draft);
}

/** Publishes the instance, and watches over its deadlines and its idleness. */
function keep(draft: Draft, instance: ObservedInstance): void {
  const { seen, status, actions } = draft;
  const workspace = findWorkspace(seen, instance.workspace);
  if (workspace?.ownerUid === instance.uid) {
    // An adoption that stopped between the instance and its workspace; it is not published before both are ours.
    actions.push({ type: 'adoptInstance', uid: instance.uid });
    withdraw(draft, reasons.Creating, 'Its warm instance is being taken over.');
    return;
  }
  publish(draft, instance);
  countRestartsInPlace(draft, instance);
  const trouble = troubleOf(instance);
  if (trouble) noteTrouble(draft, trouble);
  const present = { ...seen, sandbox: { ...seen.sandbox, status } };
  draft.again(answerDeadline(present, instance)?.at);
  if (instance.toolsReady && !instance.nodeLost) watchIdleness(draft, instance);
}

function watchIdleness(draft: Draft, instance: ObservedInstance): void {
  const { seen, actions } = draft;
  const idleness = judgeIdleness(draft, instance);
  switch (idleness.verdict) {
    case 'agreed':
      if (effectiveLifetime(seen.sandbox, seen.template).idlePolicy === 'Delete') {
        actions.push({ type: 'deleteSandbox', reason: reasons.Idle });
      } else suspend(draft, reasons.Idle);
      return;
    case 'overtaken':
      actions.push({ type: 'reopenInstance', uid: instance.uid });
      return;
    case 'ask':
      actions.push({ type: 'askToSuspend', uid: instance.uid, ifIdleForMs: idleness.ifIdleForMs });
      draft.again(seen.now + TIMES.askAgainMs);
      return;
    case 'wait':
      draft.again(idleness.at);
  }
}
