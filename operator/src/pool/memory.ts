import type { SandboxPool } from '@sandpiper/api';
import { keyOf, keyText } from '@sandpiper/kube';
import type { PoolTrouble } from './pool-status.ts';
import { type Bucket, fullBucket } from './token-bucket.ts';

/** What the operator remembers of a pool; losing it allows one burst more. Times are epoch ms. */
export interface PoolMemory {
  uid: string;
  bucket: Bucket;
  /** Why the last attempt to start an instance was refused, and until when there is no other. */
  trouble: PoolTrouble | undefined;
  refusals: number;
  refusedUntil: number;
  /** Uids of pods that were deleted and are still in the cache. */
  readonly deleting: Set<string>;
  /** When the pool last came further: changed, or got a ready instance more. */
  progressAt: number;
  readyReplicas: number;
  generation: number;
  statusWrittenAt: number;
}

export interface PoolMemories {
  of(pool: SandboxPool, now: number): PoolMemory;
  forget(key: string): void;
}

export function createPoolMemories(): PoolMemories {
  const memories = new Map<string, PoolMemory>();
  return {
    of(pool, now) {
      const key = keyText(keyOf(pool));
      const known = memories.get(key);
      if (known?.uid === pool.metadata.uid) return known;
      const memory: PoolMemory = {
        uid: pool.metadata.uid,
        bucket: fullBucket(pool.spec.refill, now),
        trouble: undefined,
        refusals: 0,
        refusedUntil: 0,
        deleting: new Set(),
        progressAt: now,
        readyReplicas: 0,
        generation: pool.metadata.generation,
        statusWrittenAt: 0,
      };
      memories.set(key, memory);
      return memory;
    },
    forget: (key) => void memories.delete(key),
  };
}

/** First and longest wait after a refusal, ms; it doubles in between. */
const REFUSED_WAIT = { first: 1_000, longest: 30_000 };

/** Takes note of how an attempt to start instances went. */
export function noteAttempt(memory: PoolMemory, trouble: PoolTrouble | undefined, now: number): void {
  memory.trouble = trouble;
  memory.refusals = trouble ? memory.refusals + 1 : 0;
  const waitMs = Math.min(REFUSED_WAIT.longest, REFUSED_WAIT.first * 2 ** (memory.refusals - 1));
  memory.refusedUntil = trouble ? now + waitMs : 0;
}

/** Takes note of how far the pool is, for its deadline. */
export function noteProgress(memory: PoolMemory, generation: number, readyReplicas: number, now: number): void {
  if (generation !== memory.generation || readyReplicas > memory.readyReplicas) memory.progressAt = now;
  memory.generation = generation;
  memory.readyReplicas = readyReplicas;
}
