import { isDeepStrictEqual } from 'node:util';
import { findCondition, type SandboxPool, type SandboxTemplate } from '@sandpiper/api';
import {
  core,
  isConflict,
  isNotFound,
  keyText,
  type KubeClient,
  type ObjectKey,
  type Pod,
  type Result,
} from '@sandpiper/kube';
import { type Caches, OWNER } from '../caches.ts';
import { CONFLICT_AGAIN_MS } from '../conflict.ts';
import { isTrue } from '../instance/observed-instance.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { sandboxPools } from '../resources.ts';
import { createFailureOf } from '../sandbox/create-failure.ts';
import type { Surroundings } from '../template/surroundings.ts';
import { templateHash } from '../template/template-hash.ts';
import { noteAttempt, noteProgress, type PoolMemories, type PoolMemory } from './memory.ts';
import { planPool, type PoolPlan } from './plan.ts';
import { poolStatus, type PoolTrouble } from './pool-status.ts';
import { refilled, untilNextToken } from './token-bucket.ts';
import { completeWarmPod, createWarmPod, warmPodOf } from './warm-pod.ts';

export interface PoolContext {
  client: KubeClient;
  caches: Caches;
  surroundings: Surroundings;
  memories: PoolMemories;
  metrics: OperatorMetrics;
  /** Epoch ms. */
  now: () => number;
}

/** Between two writes of a status that only counts: claims and refills change the counts many times a second. */
const COUNTS_EVERY_MS = 1_000;

/** Keeps as many warm instances as a pool wants, at its pace. */
export async function reconcilePool(context: PoolContext, key: ObjectKey): Promise<Result | undefined> {
  const { caches, memories, metrics, now } = context;
  const pool = caches.pools.store.get(key);
  if (!pool || pool.metadata.deletionTimestamp) {
    // Its pods go with it, by their owner references.
    memories.forget(keyText(key));
    metrics.poolGone(key);
    return undefined;
  }
  const memory = memories.of(pool, now());
  const template = caches.templates.store.get({ namespace: key.namespace, name: pool.spec.templateRef.name });
  const refusal = templateTrouble(pool, template);
  const plan =
    template && !refusal
      ? await fill(context, pool, memory, template)
      : planPool(viewOf(context, pool, memory, template));
  const trouble = refusal ?? memory.trouble;
  const statusInMs = await writeStatus(context, pool, memory, plan, trouble);

  const isShort = !refusal && plan.replicas < pool.spec.replicas && plan.heldBack === 0;
  const paceMs = Math.max(1, memory.refusedUntil - now(), untilNextToken(memory.bucket, pool.spec.refill));
  const next = Math.min(isShort ? paceMs : Infinity, statusInMs ?? Infinity, plan.requeueAfterMs ?? Infinity);
  return next === Infinity ? undefined : { requeueAfterMs: next };
}

function templateTrouble(pool: SandboxPool, template: SandboxTemplate | undefined): PoolTrouble | undefined {
  const { name } = pool.spec.templateRef;
  if (!template) return { reason: 'TemplateNotFound', message: `There is no SandboxTemplate ${name}.` };
  const valid = findCondition(template.status?.conditions, 'Valid');
  if (valid?.status !== 'False' || valid.observedGeneration !== template.metadata.generation) return undefined;
  return { reason: 'TemplateInvalid', message: `The SandboxTemplate ${name} is refused: ${valid.message}` };
}

/** Takes away what does not fit and starts what is missing; returns how things stand then. */
async function fill(
  context: PoolContext,
  pool: SandboxPool,
  memory: PoolMemory,
  template: SandboxTemplate,
): Promise<PoolPlan> {
  const { now } = context;
  memory.bucket = refilled(memory.bucket, pool.spec.refill, now());
  const allowance = memory.refusedUntil > now() ? 0 : memory.bucket.tokens;
  const plan = planPool({ ...viewOf(context, pool, memory, template), allowance });

  for (const pod of podsOf(context, pool)) {
    if (!isTrue(pod, 'Ready')) await completeWarmPod(context, pool, template, pod);
  }
  await Promise.all(plan.remove.map((pod) => removePod(context, pool, memory, pod)));
  if (plan.create > 0) await context.surroundings.ensure(template);
  memory.bucket.tokens -= plan.create;
  const attempts = await Promise.allSettled(
    Array.from({ length: plan.create }, () => createWarmPod(context, pool, template)),
  );
  const failed = attempts.find((attempt) => attempt.status === 'rejected');
  const failure = failed && createFailureOf(failed.reason, now());
  if (failed && !failure) throw failed.reason;
  if (plan.create > 0) noteAttempt(memory, failure, now());
  return planPool(viewOf(context, pool, memory, template));
}

async function removePod(
  { client }: PoolContext,
  { metadata: { namespace = '' } }: SandboxPool,
  memory: PoolMemory,
  { name, uid }: PoolPlan['remove'][number],
): Promise<void> {
  // A conflict is thrown, and tried again later: a pod that is still there must not count as ending.
  await client.delete(core.pods, { namespace, name }, { preconditions: { uid } });
  memory.deleting.add(uid);
}

/** @returns ms until the status has to be written, where it is held back or was refused */
async function writeStatus(
  { client, caches, metrics, now }: PoolContext,
  pool: SandboxPool,
  memory: PoolMemory,
  plan: PoolPlan,
  trouble: PoolTrouble | undefined,
): Promise<number | undefined> {
  const { namespace = '', name, generation } = pool.metadata;
  metrics.poolSize(
    { namespace, name },
    { wanted: pool.spec.replicas, ready: plan.readyReplicas, total: plan.replicas },
  );
  noteProgress(memory, generation, plan.readyReplicas, now());
  const status = poolStatus(pool, plan, trouble, { now: now(), since: memory.progressAt });
  if (isDeepStrictEqual(pool.status ?? {}, status)) return undefined;
  const leftMs = memory.statusWrittenAt + COUNTS_EVERY_MS - now();
  if (leftMs > 0) return leftMs;
  memory.statusWrittenAt = now();
  try {
    const written = await client.replace(sandboxPools, { ...pool, status }, { subresource: 'status' });
    caches.pools.store.noteWritten(written);
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error;
    return CONFLICT_AGAIN_MS;
  }
  return undefined;
}

function viewOf(context: PoolContext, pool: SandboxPool, memory: PoolMemory, template: SandboxTemplate | undefined) {
  const pods = podsOf(context, pool);
  const known = new Set(pods.map(({ metadata }) => metadata.uid));
  for (const uid of memory.deleting) if (!known.has(uid)) memory.deleting.delete(uid);
  return {
    pool,
    templateHash: template && templateHash(template),
    pods: pods.map((pod) => warmPodOf(pod, memory.deleting)),
    allowance: 0,
    now: context.now(),
  };
}

function podsOf({ caches }: PoolContext, pool: SandboxPool): readonly Pod[] {
  return caches.pods.store.byIndex(OWNER, pool.metadata.uid);
}
