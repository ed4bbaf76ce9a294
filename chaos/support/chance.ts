/** Numbers from 0 to 1 that the seed decides: what a seed has broken, it breaks again. */
export type Chance = () => number;

/** Mulberry32: small, and good enough to pick faults. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(chance: Chance, among: readonly T[]): T {
  const picked = among[Math.floor(chance() * among.length)];
  if (picked === undefined) throw new RangeError('There is nothing to pick from.');
  return picked;
}
