import { type Condition, labels, type SandboxPool, type SandboxPoolStatus } from '@sandpiper/api';
import type { PoolPlan } from './plan.ts';

/** Why a pool could not be filled, as the last attempt found. */
export interface PoolTrouble {
  reason: string;
  message: string;
}

/** Without a new ready pod for this long, a pool that is not full does not get on. */
export const PROGRESS_DEADLINE_MS = 300_000;

/**
 * The status of a pool. Pure.
 *
 * @param since  when the pool last got a ready pod or was changed, epoch ms: its progress is measured from there
 */
export function poolStatus(
  pool: SandboxPool,
  plan: PoolPlan,
  trouble: PoolTrouble | undefined,
  { now, since }: { now: number; since: number },
): SandboxPoolStatus {
  const { generation } = pool.metadata;
  const set = conditionSetter(pool.status?.conditions ?? [], generation, now);
  const wanted = pool.spec.replicas;
  const available = wanted === 0 || plan.readyReplicas > 0;
  return {
    observedGeneration: generation,
    replicas: plan.replicas,
    readyReplicas: plan.readyReplicas,
    selector: `${labels.pool}=${pool.metadata.name}`,
    conditions: [
      available
        ? set('Available', 'True', wanted === 0 ? 'NoneWanted' : 'Ready', '')
        : set('Available', 'False', 'NoneReady', 'No warm instance is ready.'),
      set('Progressing', ...progress(plan, wanted, trouble, now - since)),
    ],
  };
}

function progress(
  plan: PoolPlan,
  wanted: number,
  trouble: PoolTrouble | undefined,
  stalledMs: number,
): [status: 'True' | 'False', reason: string, message: string] {
  if (trouble) return ['False', trouble.reason, trouble.message];
  if (plan.heldBack > 0) {
    return ['False', 'MaxReplicas', `${plan.heldBack.toString()} more are wanted than maxReplicas leaves room for.`];
  }
  if (plan.readyReplicas >= wanted) {
    if (plan.outdated === 0) return ['True', 'Full', ''];
    return ['True', 'Outdated', 'Some were made from an earlier template; they are replaced as they are taken.'];
  }
  if (stalledMs < PROGRESS_DEADLINE_MS) return ['True', 'Refilling', ''];
  const minutes = (PROGRESS_DEADLINE_MS / 60_000).toString();
  return ['False', 'ProgressDeadlineExceeded', `No instance became ready for ${minutes} minutes; look at its pods.`];
}

function conditionSetter(before: readonly Condition[], generation: number, now: number) {
  return (type: string, status: 'True' | 'False', reason: string, message: string): Condition => {
    const known = before.find((condition) => condition.type === type);
    const lastTransitionTime = known?.status === status ? known.lastTransitionTime : new Date(now).toISOString();
    return { type, status, reason, message, observedGeneration: generation, lastTransitionTime };
  };
}
