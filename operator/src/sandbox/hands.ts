import { labels, type Sandbox, type SandboxTemplate } from '@sandpiper/api';
import { core, type KubeClient, type KubeObject, type ObjectKey, type Pod } from '@sandpiper/kube';
import type { Logger } from 'pino';
import { type Caches, OWNER } from '../caches.ts';
import type { OperatorMetrics } from '../metrics.ts';
import type { Instances } from '../suspend/instances.ts';
import type { Surroundings } from '../template/surroundings.ts';
import type { Memory } from './memory.ts';

/** With what actions are done. */
export interface Hands {
  client: KubeClient;
  caches: Caches;
  instances: Instances;
  surroundings: Surroundings;
  metrics: OperatorMetrics;
  log: Logger;
  /** Epoch ms. */
  now: () => number;
}

/** `done`: look again. `stale`: what was decided on has changed; drop the rest of the decision and look again. */
export type Outcome = 'done' | 'stale';

export function ownPod(caches: Caches, { metadata }: Sandbox, podUid: string): Pod | undefined {
  return caches.pods.store.byIndex(OWNER, metadata.uid).find((pod) => pod.metadata.uid === podUid);
}

export function templateOf(caches: Caches, { metadata, spec }: Sandbox): SandboxTemplate | undefined {
  return caches.templates.store.get({ namespace: metadata.namespace ?? '', name: spec.templateRef.name });
}

/** Labels by which people and the live look find what belongs to a sandbox; nothing takes effect by them. */
export function indexLabels({ metadata }: Sandbox): Record<string, string> {
  const session = metadata.labels?.[labels.session];
  return { [labels.sandbox]: metadata.name, ...(session !== undefined && { [labels.session]: session }) };
}

/** Somebody was faster: takes the pod as the server has it into the cache, or into memory when it is none of ours. */
export async function rereadPod({ client, caches }: Hands, memory: Memory, key: ObjectKey): Promise<'stale'> {
  const pod = await client.get(core.pods, key);
  if (pod && isLabelled(pod)) caches.pods.store.noteWritten(pod);
  else if (pod) memory.foreign = { ...memory.foreign, pod };
  return 'stale';
}

/** The same for a claim. */
export async function rereadClaim({ client, caches }: Hands, memory: Memory, key: ObjectKey): Promise<'stale'> {
  const claim = await client.get(core.persistentVolumeClaims, key);
  if (claim && isLabelled(claim)) caches.claims.store.noteWritten(claim);
  else if (claim) memory.foreign = { ...memory.foreign, claim };
  return 'stale';
}

function isLabelled({ metadata }: KubeObject): boolean {
  return metadata.labels?.[labels.component] !== undefined;
}
