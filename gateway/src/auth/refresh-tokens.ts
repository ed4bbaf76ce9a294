import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { RefreshStore } from '../stores/stores.ts';

export interface RefreshTokens {
  /** Begins a family: a sign-in on one device. */
  issue(userId: string): Promise<IssuedRefreshToken>;
  /**
   * Gives the next token for one that was given before. Undefined when it is unknown or expired, or was used before: then
   * somebody has a copy, and the whole family ends.
   */
  rotate(token: string): Promise<(IssuedRefreshToken & { userId: string }) | undefined>;
  /** Ends the sign-in that a token belongs to. */
  revoke(token: string): Promise<void>;
}

export interface IssuedRefreshToken {
  token: string;
  expiresAtMs: number;
}

const REFRESH_LIFETIME_MS = 30 * 24 * 3600_000;

/** Several tabs that load at once all send the same cookie; each of them gets a successor. */
const SHARED_USE_MS = 30_000;

export function createRefreshTokens(store: RefreshStore, now: () => number = Date.now): RefreshTokens {
  const create = async (userId: string, familyId: string): Promise<IssuedRefreshToken> => {
    const token = randomBytes(32).toString('base64url');
    const expiresAtMs = now() + REFRESH_LIFETIME_MS;
    await store.create({ hash: hashOf(token), familyId, userId, expiresAtMs, usedAtMs: null });
    return { token, expiresAtMs };
  };

  return {
    async issue(userId) {
      await store.prune(now());
      return create(userId, randomUUID());
    },
    async rotate(token) {
      const hash = hashOf(token);
      const firstUse = await store.use(hash, now());
      const held = await store.find(hash);
      if (!held || held.expiresAtMs <= now()) return undefined;
      if (!firstUse && now() - (held.usedAtMs ?? 0) > SHARED_USE_MS) {
        await store.revokeFamily(held.familyId);
        return undefined;
      }
      return { userId: held.userId, ...(await create(held.userId, held.familyId)) };
    },
    async revoke(token) {
      const held = await store.find(hashOf(token));
      if (held) await store.revokeFamily(held.familyId);
    },
  };
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url');
