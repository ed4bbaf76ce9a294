import type { ComponentState } from '../component.ts';

const FRESH_MS = 5000;

/**
 * Makes a cheap readiness check of one that asks: what was ready is believed for 5 s, checks at the same time share one answer, and
 * what does not answer yet is `starting` until it was ready once; after that, `failed`.
 *
 * @param ask  resolves when the part answers as it should
 */
export function whileFresh(ask: () => Promise<void>, now = () => performance.now()): () => Promise<ComponentState> {
  let readyAtMs = -Infinity;
  let asking: Promise<ComponentState> | undefined;
  return () => {
    if (now() - readyAtMs < FRESH_MS) return Promise.resolve('ready');
    asking ??= ask()
      .then(
        () => {
          readyAtMs = now();
          return 'ready' as const;
        },
        () => (readyAtMs === -Infinity ? ('starting' as const) : ('failed' as const)),
      )
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
}
