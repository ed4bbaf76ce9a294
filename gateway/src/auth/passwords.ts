import { hash, verify } from '@node-rs/argon2';

export interface Passwords {
  hash(password: string): Promise<string>;
  /** A missing hash takes as long as a wrong password, so that nobody learns which addresses have accounts. */
  verify(stored: string | null | undefined, password: string): Promise<boolean>;
}

/** Argon2id with the costs that OWASP recommends (Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane). */
const COSTS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export function createPasswords(): Passwords {
  // Made at the first need: a hash that no password fits.
  let decoy: Promise<string> | undefined;
  return {
    hash: (password) => hash(password, COSTS),
    async verify(stored, password) {
      if (stored) return verify(stored, password);
      decoy ??= hash(crypto.randomUUID(), COSTS);
      await verify(await decoy, password);
      return false;
    },
  };
}
