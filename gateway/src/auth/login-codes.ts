import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface LoginCodes {
  /** A code that signs the local person in, once. */
  issue(): { code: string; expiresAtMs: number };
  /** Takes a code; false when it is unknown, used or expired. */
  redeem(code: string): boolean;
}

const LIFETIME_MS = 15 * 60_000;
const MAX_OPEN = 20;

/** One-time codes of one process, in memory: a restart prints a new one. */
export function createLoginCodes(now: () => number = Date.now): LoginCodes {
  let open: { hash: Buffer; expiresAtMs: number }[] = [];
  return {
    issue() {
      const code = randomBytes(18).toString('base64url');
      const expiresAtMs = now() + LIFETIME_MS;
      open = [...open.filter((held) => held.expiresAtMs > now()), { hash: hashOf(code), expiresAtMs }].slice(-MAX_OPEN);
      return { code, expiresAtMs };
    },
    redeem(code) {
      const hash = hashOf(code);
      open = open.filter((held) => held.expiresAtMs > now());
      // Every one is compared, in constant time, whichever fits.
      const matches = open.map((held) => timingSafeEqual(held.hash, hash));
      const place = matches.indexOf(true);
      open = open.filter((_, index) => index !== place);
      return place !== -1;
    },
  };
}

const hashOf = (code: string): Buffer => createHash('sha256').update(code).digest();
