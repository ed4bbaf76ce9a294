/** How many new events an object may still have: a bucket of tokens for each. */
export interface EventBudget {
  take(uid: string): boolean;
  /** Forgets the buckets that are full again. */
  tidy(): void;
}

export function createEventBudget(
  { burst, refillMs }: { burst: number; refillMs: number },
  now: () => number = () => performance.now(),
): EventBudget {
  const buckets = new Map<string, { tokens: number; at: number }>();

  const level = (bucket: { tokens: number; at: number }): number =>
    Math.min(burst, bucket.tokens + (now() - bucket.at) / refillMs);

  return {
    take(uid) {
      const bucket = buckets.get(uid);
      const tokens = bucket ? level(bucket) : burst;
      if (tokens < 1) return false;
      buckets.set(uid, { tokens: tokens - 1, at: now() });
      return true;
    },
    tidy() {
      for (const [uid, bucket] of buckets) if (level(bucket) >= burst) buckets.delete(uid);
    },
  };
}
