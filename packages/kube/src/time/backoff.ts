export interface BackoffOptions {
  baseMs: number;
  maxMs: number;
  /** In [0, 1). */
  random?: () => number;
}

/** How long to wait after the given number of failures in a row (1 is the first): doubling, and half of it random, so that many do not come back at once. */
export function backoffMs(failures: number, { baseMs, maxMs, random = Math.random }: BackoffOptions): number {
  // Beyond 2^30 the doubling would only overflow.
  const whole = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return whole / 2 + (random() * whole) / 2;
}
