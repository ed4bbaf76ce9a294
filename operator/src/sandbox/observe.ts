import { labels, type Sandbox } from '@sandpiper/api';
import type { Observation, ObservedInstance, ObservedWorkspace } from '@sandpiper/lifecycle';
import { core, type KubeClient, type ObjectKey, type PersistentVolumeClaim, type Pod } from '@sandpiper/kube';
import { type Caches, OWNER } from '../caches.ts';
import { claimNameOf, observedInstance } from '../instance/observed-instance.ts';
import { controllerOf } from '../ownership.ts';
import type { WarmPods } from '../pool/warm-pods.ts';
import type { Memory } from './memory.ts';

export interface Eyes {
  caches: Caches;
  warmPods: WarmPods;
  /** Epoch ms. */
  now: () => number;
  /** Clock of the API server less ours; undefined while unknown. */
  clockSkewMs: () => number | undefined;
}

/**
 * Gathers all that a decision about one sandbox depends on, from what the watches have told.
 *
 * @param live  whether the server's own list was put into the caches just now
 */
export function observe(
  { caches, warmPods, now, clockSkewMs }: Eyes,
  sandbox: Sandbox,
  memory: Memory,
  live: boolean,
): Observation {
  const { name, namespace = '', uid } = sandbox.metadata;
  const own = caches.pods.store.byIndex(OWNER, uid);
  const namesake = caches.pods.store.get({ namespace, name }) ?? memory.foreign?.pod;
  const pods = namesake && controllerOf(namesake)?.uid !== uid ? [...own, namesake] : own;
  const template = caches.templates.store.get({ namespace, name: sandbox.spec.templateRef.name });
  const skewMs = clockSkewMs();
  return {
    now: now(),
    live: live || memory.isUntouched,
    sandbox,
    template,
    instances: pods.map((pod) => ending(observedInstance(pod, nodeOf(caches, pod)), memory)),
    workspaces: workspacesOf(caches, sandbox, own, memory),
    candidates: needsOne(sandbox, own) ? warmPods.reserve(sandbox) : [],
    ...(memory.suspendAnswer && { suspendAnswer: memory.suspendAnswer }),
    ...(memory.createFailure && { createFailure: memory.createFailure }),
    ...(skewMs !== undefined && { clockSkewMs: skewMs }),
  };
}

/** Puts into the caches what the server has of a sandbox: they may lag behind what an earlier operator did. */
export async function lookLive(client: KubeClient, { pods }: Caches, { metadata }: Sandbox): Promise<void> {
  const { namespace = '', name } = metadata;
  const { items } = await client.list(core.pods, { namespace, labelSelector: `${labels.sandbox}=${name}` });
  for (const pod of items) pods.store.noteWritten(pod);
}

/** The answer to a deletion comes before the watch tells of it. */
function ending(instance: ObservedInstance, { deleting }: Memory): ObservedInstance {
  return deleting.has(instance.uid) ? { ...instance, terminating: true } : instance;
}

/** Whether a warm pod may come into question, so that none is reserved for those that never would take it. */
function needsOne({ metadata, spec, status }: Sandbox, own: readonly Pod[]): boolean {
  if (own.length > 0 || status?.workspace || metadata.deletionTimestamp) return false;
  return spec.operatingMode === 'Running' && spec.poolPolicy !== 'Never';
}

function workspacesOf(caches: Caches, sandbox: Sandbox, own: readonly Pod[], memory: Memory): ObservedWorkspace[] {
  const { name, namespace = '' } = sandbox.metadata;
  const names = new Set([name, sandbox.status?.workspace?.claimName, ...own.map(claimNameOf)]);
  for (const claim of caches.claims.store.byIndex(OWNER, sandbox.metadata.uid)) names.add(claim.metadata.name);
  return [...names].flatMap((claimName) => {
    const claim = claimName === undefined ? undefined : findClaim(caches, memory, { namespace, name: claimName });
    if (!claim) return [];
    return {
      name: claim.metadata.name,
      ownerUid: controllerOf(claim)?.uid,
      terminating: claim.metadata.deletionTimestamp !== undefined || memory.deleting.has(claim.metadata.uid ?? ''),
    };
  });
}

function findClaim(caches: Caches, { foreign }: Memory, key: ObjectKey): PersistentVolumeClaim | undefined {
  return caches.claims.store.get(key) ?? (foreign?.claim?.metadata.name === key.name ? foreign.claim : undefined);
}

function nodeOf(caches: Caches, { spec }: Pod) {
  return spec?.nodeName ? caches.nodes.store.get({ namespace: '', name: spec.nodeName }) : undefined;
}
