import type { Sandbox } from '@sandpiper/api';
import { core, isConflict, isNotFound, keyOf, type KubeClient, type Pod } from '@sandpiper/kube';
import type { Action } from '@sandpiper/lifecycle';
import { controllerOf } from '../ownership.ts';
import { sandboxes } from '../resources.ts';
import { adoptInstance } from './adopt.ts';
import { askToSuspend, reopen } from './ask.ts';
import { type Hands, type Outcome, ownPod, rereadClaim, rereadPod } from './hands.ts';
import { createInstance, createWorkspace } from './make.ts';
import type { Memory } from './memory.ts';

/**
 * Does one action of a decision. Everything it writes is put into the caches at once. Rejects when the API server could
 * not be asked. That no instance could be made is no error but an observation.
 */
export function act(hands: Hands, sandbox: Sandbox, memory: Memory, action: Action): Promise<Outcome> {
  switch (action.type) {
    case 'createWorkspace':
      return createWorkspace(hands, sandbox, memory, action);
    case 'createInstance':
      return createInstance(hands, sandbox, memory, action);
    case 'adoptInstance':
      return adoptInstance(hands, sandbox, memory, action.uid);
    case 'askToSuspend':
      return askToSuspend(hands, sandbox, memory, action);
    case 'reopenInstance':
      return reopen(hands, sandbox, memory, action);
    case 'deleteInstance':
      return deleteInstance(hands, sandbox, memory, action);
    case 'deleteWorkspace':
      return deleteWorkspace(hands, sandbox, memory, action.name);
    case 'deleteSandbox':
      return deleteSandbox(hands, sandbox);
    case 'finalizeSandbox':
      // Nothing holds a Sandbox back here: the garbage collector takes what it owns.
      return Promise.resolve('done');
  }
}

async function deleteInstance(
  hands: Hands,
  sandbox: Sandbox,
  memory: Memory,
  action: Extract<Action, { type: 'deleteInstance' }>,
): Promise<Outcome> {
  const pod = ownPod(hands.caches, sandbox, action.uid);
  if (!pod) return 'stale';
  if (!(await endPod(hands.client, pod, action))) return rereadPod(hands, memory, keyOf(pod));
  memory.deleting.add(action.uid);
  return 'done';
}

/**
 * Ends a pod. Without any grace the API server forgets it while its containers may still run, and another could start on
 * its workspace: that is only for a node that will not answer.
 *
 * @returns as `unlessReplaced`
 */
async function endPod(
  client: KubeClient,
  pod: Pod,
  { uid, graceMs, force }: Extract<Action, { type: 'deleteInstance' }>,
): Promise<boolean> {
  const gracePeriodSeconds = force ? 0 : Math.max(1, Math.ceil(graceMs / 1000));
  return unlessReplaced(client.delete(core.pods, keyOf(pod), { preconditions: { uid }, gracePeriodSeconds }));
}

async function deleteWorkspace(hands: Hands, { metadata }: Sandbox, memory: Memory, name: string): Promise<Outcome> {
  const key = { namespace: metadata.namespace ?? '', name };
  const { client, caches } = hands;
  const claim = caches.claims.store.get(key);
  const uid = claim?.metadata.uid;
  if (!claim || uid === undefined || controllerOf(claim)?.uid !== metadata.uid) return 'stale';
  const deleting = client.delete(core.persistentVolumeClaims, key, { preconditions: { uid } });
  if (!(await unlessReplaced(deleting))) return rereadClaim(hands, memory, key);
  memory.deleting.add(uid);
  return 'done';
}

/** Guarded by the version that was decided on: a wish that came meanwhile must win. */
async function deleteSandbox({ client }: Hands, { metadata }: Sandbox): Promise<Outcome> {
  const { name, namespace = '', uid, resourceVersion } = metadata;
  const preconditions = { uid, resourceVersion };
  try {
    await client.delete(sandboxes, { namespace, name }, { preconditions, propagationPolicy: 'Background' });
    return 'done';
  } catch (error) {
    if (isConflict(error) || isNotFound(error)) return 'stale';
    throw error;
  }
}

/**
 * False when the server speaks of a conflict: most likely another object has the name by now. What the server has must then be
 * read: an object that is still the same must not count as ending.
 */
async function unlessReplaced(deleting: Promise<boolean>): Promise<boolean> {
  try {
    await deleting;
    return true;
  } catch (error) {
    if (!isConflict(error)) throw error;
    return false;
  }
}
