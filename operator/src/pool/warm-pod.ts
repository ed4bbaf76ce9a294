import { randomBytes } from 'node:crypto';
import { annotations, labels, type SandboxPool, type SandboxTemplate } from '@sandpiper/api';
import { core, isAlreadyExists, type KubeClient, type Pod } from '@sandpiper/kube';
import type { Caches } from '../caches.ts';
import { claimFor } from '../instance/claim.ts';
import { claimNameOf, isTrue } from '../instance/observed-instance.ts';
import { podFor } from '../instance/pod.ts';
import { ownedBy } from '../ownership.ts';
import { templateHash } from '../template/template-hash.ts';
import type { WarmPod } from './plan.ts';

interface Writers {
  client: KubeClient;
  caches: Caches;
}

/** Whoever comes next is not known yet, so a warm instance has the display that sandboxes have by default. */
const DISPLAY = { width: 1280, height: 800 };

/** What the plan of its pool needs to know of a pod. */
export function warmPodOf(pod: Pod, deleting: ReadonlySet<string>): WarmPod {
  const { name, uid = '', creationTimestamp = '', deletionTimestamp } = pod.metadata;
  return {
    name,
    uid,
    createdAt: Date.parse(creationTimestamp),
    ready: isTrue(pod, 'Ready'),
    terminating: deletionTimestamp !== undefined || deleting.has(uid),
    failed: pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded',
    templateHash: pod.metadata.annotations?.[annotations.templateHash],
  };
}

/** Makes a warm pod and, where the template has a workspace, its claim. */
export async function createWarmPod(writers: Writers, pool: SandboxPool, template: SandboxTemplate): Promise<void> {
  const name = `${pool.metadata.name.slice(0, 50)}-${randomBytes(4).toString('hex')}`;
  const pod = await writers.client.create(
    core.pods,
    podFor({
      template,
      templateHash: templateHash(template),
      namespace: pool.metadata.namespace ?? '',
      name,
      owner: ownedBy(pool),
      labels: { [labels.pool]: pool.metadata.name },
      display: DISPLAY,
      claimName: template.spec.workspace && name,
    }),
  );
  writers.caches.pods.store.noteWritten(pod);
  await completeWarmPod(writers, pool, template, pod);
}

/**
 * Makes the claim of a warm pod where it lacks one: it comes second, because the pod owns it until it is adopted, and an
 * operator may end in between.
 */
export async function completeWarmPod(
  { client, caches }: Writers,
  pool: SandboxPool,
  template: SandboxTemplate,
  pod: Pod,
): Promise<void> {
  const { namespace = '', uid } = pod.metadata;
  const name = claimNameOf(pod);
  if (name === undefined || uid === undefined || caches.claims.store.get({ namespace, name })) return;
  const owner = ownedBy({ ...pod, metadata: { ...pod.metadata, uid } });
  const claim = claimFor({ template, namespace, name, owner, labels: { [labels.pool]: pool.metadata.name } });
  if (!claim) return;
  try {
    caches.claims.store.noteWritten(await client.create(core.persistentVolumeClaims, claim));
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
