import { z } from 'zod';
import { withRules } from './rules.ts';

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const TERM = /(\d+(?:\.\d+)?)(ms|s|m|h)/g;
const DURATION = /^(\d+(\.\d+)?(ms|s|m|h))+$/;

/** Milliseconds of a duration as Go and Kubernetes write it: `90s`, `1h30m`, `250ms`. Throws a RangeError otherwise. */
export function durationMs(text: string): number {
  if (!DURATION.test(text)) throw new RangeError(`${JSON.stringify(text)} is no duration; write it like 90s or 1h30m.`);
  return [...text.matchAll(TERM)].reduce(
    (total, [, amount, unit]) => total + Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS],
    0,
  );
}

/** A duration between two bounds; the bounds hold on the API server too. */
export function duration({ min, max }: { min: string; max: string }) {
  const text = z.string().max(32).regex(DURATION, 'must be a duration like 90s or 1h30m');
  return withRules(text, {
    // What is no duration at all is refused by the pattern, and said once.
    rule:
      `!self.matches(r'${DURATION.source}') || ` +
      `(duration(self) >= duration('${min}') && duration(self) <= duration('${max}'))`,
    message: `must be between ${min} and ${max}, written like 90s or 1h30m`,
    holds: (value) =>
      !DURATION.test(value) || (durationMs(value) >= durationMs(min) && durationMs(value) <= durationMs(max)),
  });
}
