/** How far the server's clock is ahead of ours, from the Date headers of its answers. */
export interface ClockSkew {
  /** In ms, smoothed; undefined before the first answer. */
  readonly ms: number | undefined;
  note(date: string | string[] | undefined, durationMs: number): void;
}

/** The newest answer counts a tenth: one slow answer moves little, a stepped clock shows within some tens of calls. */
const WEIGHT = 0.1;

export function createClockSkew(now: () => number = Date.now): ClockSkew {
  let smoothed: number | undefined;
  return {
    get ms() {
      return smoothed;
    },
    note(date, durationMs) {
      const served = Date.parse(String(date));
      if (Number.isNaN(served)) return;
      // The header names whole seconds, cut off; and it was written somewhere between question and answer.
      const skew = served + 500 - (now() - durationMs / 2);
      // What is far off is taken at once: the machine was asleep, or a clock was set.
      const isJump = smoothed !== undefined && Math.abs(skew - smoothed) > 30_000;
      smoothed = smoothed === undefined || isJump ? skew : smoothed + WEIGHT * (skew - smoothed);
    },
  };
}
