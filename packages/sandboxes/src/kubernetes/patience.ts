import { setTimeout as sleep } from 'node:timers/promises';
import { SandboxError } from '../errors.ts';
import { asSandboxError, isSaidWhileStarting } from './failures.ts';

export interface Patience {
  /** How long to go on trying while the API server does not answer; left out, while `isWanted`. */
  forMs?: number;
  /** Whether anybody still waits for it. */
  isWanted?: () => boolean;
  signal: AbortSignal;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;
/** How long a refusal may be one of a server that has not read its own rules yet. */
const STARTING_MS = 10_000;

/**
 * Does work that may be done twice, again and again while the API server does not answer: a restart of it takes seconds,
 * and nobody should have to notice. Rejects with a `SandboxError`, or with the reason of `signal`.
 */
export async function patiently<T>(work: () => Promise<T>, patience: Patience): Promise<T> {
  const { forMs = Infinity, isWanted = () => true, signal } = patience;
  const startedAt = performance.now();
  let refusedAt: number | undefined;
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (cause) {
      signal.throwIfAborted();
      const error = asSandboxError(cause);
      // Up to half of it by chance, so that replicas do not come back as one.
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2);
      const thenMs = performance.now() + pauseMs;
      refusedAt = isSaidWhileStarting(cause) ? (refusedAt ?? performance.now()) : undefined;
      const isHopeless = refusedAt === undefined ? !isUnavailable(error) : thenMs > refusedAt + STARTING_MS;
      if (isHopeless || !isWanted() || thenMs > startedAt + forMs) throw error;
      await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

function isUnavailable(error: Error): boolean {
  return error instanceof SandboxError && error.code === 'SANDBOXES_UNAVAILABLE';
}
