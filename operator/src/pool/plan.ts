import type { SandboxPool } from '@sandpiper/api';

/** A warm pod as the plan sees it: owned by the pool, so nobody has adopted it. */
export interface WarmPod {
  name: string;
  uid: string;
  /** Epoch ms. */
  createdAt: number;
  ready: boolean;
  terminating: boolean;
  /** It ended and will not come back. */
  failed: boolean;
  templateHash: string | undefined;
}

export interface PoolView {
  pool: SandboxPool;
  /** Hash of the template as it is now; undefined where there is none, so that nothing is outdated. */
  templateHash: string | undefined;
  pods: readonly WarmPod[];
  /** How many may be started now, by the pool's pace. */
  allowance: number;
  now: number;
}

export interface PoolPlan {
  create: number;
  remove: { name: string; uid: string; reason: string }[];
  /** Pods that stay, ready or not. */
  replicas: number;
  readyReplicas: number;
  /** Some of those that stay were made from an earlier template. */
  outdated: number;
  /** Wanted, but not to be had within `maxReplicas`. */
  heldBack: number;
  /** When only time can change the plan, ms from now. */
  requeueAfterMs?: number;
}

/** A pod that is not ready after this long is stuck, and another gets its chance. */
export const STUCK_MS = 180_000;

/** What a pool needs: pods to start, pods to take away. Pure: adopted pods are not in the view, so they are simply missing. */
export function planPool({ pool, templateHash, pods, allowance, now }: PoolView): PoolPlan {
  const { replicas: wanted, maxReplicas, updateStrategy } = pool.spec;
  const remove: PoolPlan['remove'] = [];
  const staying: WarmPod[] = [];
  for (const pod of pods) {
    if (pod.terminating) continue;
    const reason = unfitness(pod, { now, templateHash, replaceOutdated: updateStrategy === 'Recreate' });
    if (reason === undefined) staying.push(pod);
    else remove.push({ name: pod.name, uid: pod.uid, reason });
  }
  for (const { name, uid } of surplus(staying, wanted, templateHash)) remove.push({ name, uid, reason: 'surplus' });
  const gone = new Set(remove.map(({ uid }) => uid));
  const kept = staying.filter(({ uid }) => !gone.has(uid));

  // Those that are ending still take room of nodes and quotas.
  const missing = Math.max(0, wanted - kept.length);
  const room = maxReplicas === undefined ? missing : Math.max(0, maxReplicas - pods.length);
  const waiting = kept.filter(({ ready }) => !ready);
  const oldest = Math.min(...waiting.map(({ createdAt }) => createdAt));
  return {
    create: Math.min(missing, room, Math.floor(allowance)),
    remove,
    replicas: kept.length,
    readyReplicas: kept.length - waiting.length,
    outdated: kept.filter((pod) => isOutdated(pod, templateHash)).length,
    heldBack: Math.max(0, missing - room),
    ...(waiting.length > 0 && { requeueAfterMs: Math.max(1, oldest + STUCK_MS - now) }),
  };
}

function unfitness(
  pod: WarmPod,
  { now, templateHash, replaceOutdated }: { now: number; templateHash: string | undefined; replaceOutdated: boolean },
): string | undefined {
  if (pod.failed) return 'failed';
  if (!pod.ready && now - pod.createdAt >= STUCK_MS) return 'stuck';
  // One that is not ready yet would only become an outdated one.
  if (isOutdated(pod, templateHash) && (replaceOutdated || !pod.ready)) return 'outdated';
  return undefined;
}

/** What is more than wanted: first those that are of least use to whoever comes next. */
function surplus(pods: readonly WarmPod[], wanted: number, templateHash: string | undefined): WarmPod[] {
  const use = (pod: WarmPod): number => (pod.ready ? 2 : 0) + (isOutdated(pod, templateHash) ? 0 : 1);
  const leastUseful = pods.toSorted((one, other) => use(one) - use(other) || other.createdAt - one.createdAt);
  return leastUseful.slice(0, Math.max(0, pods.length - wanted));
}

function isOutdated(pod: WarmPod, templateHash: string | undefined): boolean {
  return templateHash !== undefined && pod.templateHash !== templateHash;
}
