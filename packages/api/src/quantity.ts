import { z } from 'zod';
import { withRules } from './rules.ts';

const FACTORS = {
  '': 1n,
  k: 10n ** 3n,
  M: 10n ** 6n,
  G: 10n ** 9n,
  T: 10n ** 12n,
  P: 10n ** 15n,
  Ki: 2n ** 10n,
  Mi: 2n ** 20n,
  Gi: 2n ** 30n,
  Ti: 2n ** 40n,
  Pi: 2n ** 50n,
} as const;
const QUANTITY = /^(\d{1,15})(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/;

/**
 * A size of storage between two bounds. Whole numbers only: a PersistentVolumeClaim would round fractions of bytes, and
 * `1500m`, which Kubernetes reads as one and a half bytes, is always a mistake.
 */
export function size({ min, max }: { min: string; max: string }) {
  const text = z.string().max(18).regex(QUANTITY, 'must be a size like 10Gi');
  return withRules(text, {
    rule:
      `!self.matches(r'${QUANTITY.source}') || (quantity(self).compareTo(quantity('${min}')) >= 0 ` +
      `&& quantity(self).compareTo(quantity('${max}')) <= 0)`,
    message: `must be between ${min} and ${max}, with a unit, written like 10Gi`,
    holds: (value) =>
      !QUANTITY.test(value) || (sizeBytes(value) >= sizeBytes(min) && sizeBytes(value) <= sizeBytes(max)),
  });
}

/** Bytes of a size as Kubernetes writes it: `10Gi`, `500M`. Throws a RangeError otherwise. */
function sizeBytes(text: string): bigint {
  const [, amount, unit = ''] = QUANTITY.exec(text) ?? [];
  if (amount === undefined) throw new RangeError(`${JSON.stringify(text)} is no size; write it like 10Gi.`);
  return BigInt(amount) * FACTORS[unit as keyof typeof FACTORS];
}
