import type { Sandbox } from '@sandpiper/api';
import { core, isConflict, isNotFound, keyOf, type Pod } from '@sandpiper/kube';
import { UID } from '../caches.ts';
import { claimNameOf } from '../instance/observed-instance.ts';
import { controllerOf, ownedBy } from '../ownership.ts';
import { type Hands, indexLabels, type Outcome, rereadClaim, rereadPod, templateOf } from './hands.ts';
import type { Memory } from './memory.ts';

/**
 * Takes a warm pod and then its workspace over; each is one write guarded by resourceVersion. Of two sandboxes that pick
 * the same pod one gets a conflict and picks again. An adoption that stopped half-way goes on with the workspace.
 */
export async function adoptInstance(hands: Hands, sandbox: Sandbox, memory: Memory, podUid: string): Promise<Outcome> {
  const pod = hands.caches.pods.store.byIndex(UID, podUid)[0];
  if (pod?.metadata.namespace !== sandbox.metadata.namespace || !pod) return 'stale';
  if (controllerOf(pod)?.uid !== sandbox.metadata.uid) {
    const outcome = await adoptPod(hands, sandbox, memory, pod);
    if (outcome === 'stale') return 'stale';
  }
  return adoptWorkspace(hands, sandbox, memory, pod);
}

async function adoptPod(hands: Hands, sandbox: Sandbox, memory: Memory, pod: Pod): Promise<Outcome> {
  const { client, caches, metrics } = hands;
  memory.isUntouched = false;
  try {
    const body = ownership(sandbox, pod, ownedBy(sandbox));
    caches.pods.store.noteWritten(await client.patch(core.pods, keyOf(pod), { type: 'merge', body }));
    metrics.adoption('won');
    return 'done';
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error;
    metrics.adoption('lost');
    return rereadPod(hands, memory, keyOf(pod));
  }
}

async function adoptWorkspace(hands: Hands, sandbox: Sandbox, memory: Memory, pod: Pod): Promise<Outcome> {
  const { client, caches } = hands;
  const { namespace = '' } = sandbox.metadata;
  const name = claimNameOf(pod);
  if (name === undefined) return 'done';
  const claim = caches.claims.store.get({ namespace, name });
  if (!claim) return rereadClaim(hands, memory, { namespace, name });
  if (controllerOf(claim)?.uid !== pod.metadata.uid) return 'done';
  // To nobody where it outlives the sandbox: an owner would take it along.
  const retain = templateOf(caches, sandbox)?.spec.workspace?.retain === true;
  try {
    const body = ownership(sandbox, claim, retain ? undefined : ownedBy(sandbox));
    const written = await client.patch(core.persistentVolumeClaims, { namespace, name }, { type: 'merge', body });
    caches.claims.store.noteWritten(written);
    return 'done';
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error;
    return rereadClaim(hands, memory, { namespace, name });
  }
}

/** The merge patch by which an object changes hands, if it is still as we know it. */
function ownership(
  sandbox: Sandbox,
  { metadata }: { metadata: { resourceVersion?: string } },
  owner: ReturnType<typeof ownedBy> | undefined,
): object {
  return {
    metadata: {
      resourceVersion: metadata.resourceVersion,
      ownerReferences: owner ? [owner] : null,
      labels: indexLabels(sandbox),
    },
  };
}
