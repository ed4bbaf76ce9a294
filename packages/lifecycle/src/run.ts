import { reasons } from '@sandpiper/api';
import type { Draft } from './draft.ts';
import { judgeIdleness } from './idle.ts';
import type { ObservedInstance } from './observation.ts';
import { chooseInstance, findWorkspace, ownInstances } from './ownership.ts';
import { effectiveLifetime, TIMES } from './policy.ts';
import { publish, withdraw } from './publish.ts';
import {
  absentFailure,
  allowedFailures,
  answerDeadline,
  countFailure,
  countRestartsInPlace,
  givenUpReason,
  instanceFailure,
} from './recovery.ts';
import { finish } from './finish.ts';
import { start } from './start.ts';
import { suspend } from './suspend.ts';

/** Sees to it that a sandbox that should run has one instance that answers. */
export function run(draft: Draft): void {
  const { seen, actions } = draft;
  const chosen = chooseInstance(seen);
  const failure = chosen ? instanceFailure(seen, chosen) : absentFailure(draft);
  if (failure) countFailure(draft, failure);
  const instance = failure ? undefined : chosen;

  for (const { uid, terminating } of ownInstances(seen)) {
    if (terminating || uid === instance?.uid) continue;
    const reason = uid === failure?.uid ? failure.reason : 'superseded';
    actions.push({ type: 'deleteInstance', uid, graceMs: 0, force: false, reason });
  }
  if (instance) keep(draft, instance);
  else if (failure && (draft.status.lastFailure?.consecutive ?? 0) > allowedFailures(seen.sandbox)) {
    finish(draft, givenUpReason(seen.sandbox));
  } else start(draft);
}

/** Publishes the instance, and watches over its deadlines and its idleness. */
function keep(draft: Draft, instance: ObservedInstance): void {
  const { seen, actions } = draft;
  const workspace = findWorkspace(seen, instance.workspace);
  if (workspace?.ownerUid === instance.uid) {
    // An adoption that stopped between the instance and its workspace; it is not published before both are ours.
    actions.push({ type: 'adoptInstance', uid: instance.uid });
    withdraw(draft, reasons.Creating, 'Its warm instance is being taken over.');
    return;
  }
  publish(draft, instance);
  countRestartsInPlace(draft, instance);
  draft.again(answerDeadline({ ...seen, sandbox: { ...seen.sandbox, status: draft.status } }, instance)?.at);

  const idleness = judgeIdleness(seen, instance);
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
      if (!instance.toolsReady) return;
      actions.push({ type: 'askToSuspend', uid: instance.uid, ifIdleForMs: idleness.ifIdleForMs });
      draft.again(seen.now + TIMES.askAgainMs);
      return;
    case 'wait':
      if (instance.toolsReady) draft.again(idleness.at);
  }
}
