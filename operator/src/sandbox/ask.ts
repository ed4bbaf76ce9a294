import type { Sandbox } from '@sandpiper/api';
import type { Pod } from '@sandpiper/kube';
import type { Action } from '@sandpiper/lifecycle';
import { addressOf } from '../instance/observed-instance.ts';
import type { InstanceTarget } from '../suspend/instances.ts';
import { type Hands, type Outcome, ownPod } from './hands.ts';
import type { Memory } from './memory.ts';

/** An instance that does not answer is asked again soon; meanwhile it is left alone, and the rest goes on. */
const ASK_SILENT_AGAIN_MS = 10_000;

/** Asks whether an instance may be suspended, and remembers the answer. */
export async function askToSuspend(
  { instances, caches, now, log }: Hands,
  sandbox: Sandbox,
  memory: Memory,
  { uid, ifIdleForMs }: Extract<Action, { type: 'askToSuspend' }>,
): Promise<Outcome> {
  const target = targetOf(ownPod(caches, sandbox, uid));
  if (!target) return 'stale';
  const answer = await instances.suspend(target, ifIdleForMs).catch((error: unknown) => {
    const { namespace, pod } = target;
    log.warn({ err: error, namespace, pod }, 'a sandbox did not answer whether it is idle');
    return { agreed: false, idleForMs: ifIdleForMs - ASK_SILENT_AGAIN_MS };
  });
  const { generation } = sandbox.metadata;
  memory.suspendAnswer = { ...answer, instanceUid: uid, generation, at: now() };
  return 'done';
}

/** Takes an agreement back. Rejects when that cannot be said, so that it is said again. */
export async function reopen(
  { instances, caches, now }: Hands,
  sandbox: Sandbox,
  memory: Memory,
  { uid }: Extract<Action, { type: 'reopenInstance' }>,
): Promise<Outcome> {
  const target = targetOf(ownPod(caches, sandbox, uid));
  if (target) await instances.reopen(target);
  // It counts as busy from now on; without an answer the next look would take the same agreement back again.
  const { generation } = sandbox.metadata;
  memory.suspendAnswer = { agreed: false, idleForMs: 0, instanceUid: uid, generation, at: now() };
  return 'done';
}

function targetOf(pod: Pod | undefined): InstanceTarget | undefined {
  const address = pod && addressOf(pod);
  if (address === undefined || pod?.metadata.uid === undefined) return undefined;
  const { namespace = '', name, uid } = pod.metadata;
  return { namespace, pod: name, uid, address };
}
