import type { Sandbox } from '@sandpiper/api';
import { core, isAlreadyExists } from '@sandpiper/kube';
import type { Action } from '@sandpiper/lifecycle';
import { claimFor } from '../instance/claim.ts';
import { podFor } from '../instance/pod.ts';
import { ownedBy } from '../ownership.ts';
import { templateHash } from '../template/template-hash.ts';
import { createFailureOf } from './create-failure.ts';
import { type Hands, indexLabels, type Outcome, rereadClaim, rereadPod, templateOf } from './hands.ts';
import type { Memory } from './memory.ts';

/** Makes the claim of a sandbox's workspace. */
export async function createWorkspace(
  hands: Hands,
  sandbox: Sandbox,
  memory: Memory,
  { name, retain }: Extract<Action, { type: 'createWorkspace' }>,
): Promise<Outcome> {
  const { client, caches } = hands;
  const { namespace = '' } = sandbox.metadata;
  const template = templateOf(caches, sandbox);
  const owner = retain ? undefined : ownedBy(sandbox);
  const claim = template && claimFor({ template, namespace, name, owner, labels: indexLabels(sandbox) });
  if (!claim) return 'stale';
  try {
    caches.claims.store.noteWritten(await client.create(core.persistentVolumeClaims, claim));
    return 'done';
  } catch (error) {
    if (isAlreadyExists(error)) return rereadClaim(hands, memory, { namespace, name });
    return recordFailure(hands, memory, error);
  }
}

/** Makes the pod of a sandbox. Its name is the sandbox's: whatever operators believe, the server lets only one pod have it. */
export async function createInstance(
  hands: Hands,
  sandbox: Sandbox,
  memory: Memory,
  { workspace, display }: Extract<Action, { type: 'createInstance' }>,
): Promise<Outcome> {
  const { client, caches } = hands;
  const { namespace = '', name } = sandbox.metadata;
  const template = templateOf(caches, sandbox);
  if (!template) return 'stale';
  const pod = podFor({
    template,
    templateHash: templateHash(template),
    namespace,
    name,
    owner: ownedBy(sandbox),
    labels: indexLabels(sandbox),
    display,
    claimName: workspace,
  });
  await hands.surroundings.ensure(template);
  memory.isUntouched = false;
  try {
    caches.pods.store.noteWritten(await client.create(core.pods, pod));
    delete memory.createFailure;
    return 'done';
  } catch (error) {
    if (isAlreadyExists(error)) return rereadPod(hands, memory, { namespace, name });
    return recordFailure(hands, memory, error);
  }
}

function recordFailure({ now }: Hands, memory: Memory, error: unknown): Outcome {
  const failure = createFailureOf(error, now());
  if (!failure) throw error;
  memory.createFailure = failure;
  return 'stale';
}
