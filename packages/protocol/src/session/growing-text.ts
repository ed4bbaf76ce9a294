// Apart from the schemas, so that the reducer reaches a browser without zod.

/** Text that is held from `base` on (`base` > 0 when the head was dropped). */
export interface GrowingText {
  base: number;
  text: string;
}

/** Puts a delta at its place. Idempotent: the same delta again, or a `partial` that overlaps, changes nothing. */
export function applyOffset(held: GrowingText | undefined, offset: number, text: string): GrowingText {
  if (held === undefined || offset < held.base) return { base: offset, text };
  const keep = offset - held.base;
  // A gap cannot be filled: what comes is all that is known from there on.
  if (keep > held.text.length) return { base: offset, text };
  return { base: held.base, text: held.text.slice(0, keep) + text };
}
