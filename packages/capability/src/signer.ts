import { createPrivateKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { audienceOf, TOKEN_LIFETIME_S, type Issuer, type Scope } from './claims.ts';
import { KID_PATTERN } from './keys.ts';

export interface Grant {
  uid: string;
  scopes: readonly Scope[];
  subject?: string;
}

export interface Signer {
  readonly issuer: Issuer;
  /** A token for one sandbox, good for 5 minutes; one with more than a minute left is used again. */
  sign(grant: Grant): string;
}

const REUSE_WHILE_LEFT_S = 60;
const MAX_CACHED = 10_000;

export function createSigner(options: {
  kid: string;
  privateKeyPem: string;
  issuer: Issuer;
  /** Epoch ms. */
  clock?: () => number;
}): Signer {
  const { kid, issuer, clock = Date.now } = options;
  if (!KID_PATTERN.test(kid)) throw new Error(`The key id "${kid}" may hold only letters, digits, "-" and "_".`);
  const key = createPrivateKey(options.privateKeyPem);
  const cache = new Map<string, { token: string; expiresAtS: number }>();

  const remember = (name: string, token: string, expiresAtS: number): void => {
    // Insertion order is age: the oldest goes, so that sandboxes long gone do not pile up.
    if (cache.size >= MAX_CACHED)
      for (const oldest of cache.keys()) {
        cache.delete(oldest);
        break;
      }
    cache.delete(name);
    cache.set(name, { token, expiresAtS });
  };

  return {
    issuer,
    sign({ uid, scopes, subject }) {
      const nowS = Math.floor(clock() / 1000);
      const scope = [...new Set(scopes)].sort().join(' ');
      const name = JSON.stringify([uid, scope, subject]);
      const cached = cache.get(name);
      if (cached && cached.expiresAtS - nowS > REUSE_WHILE_LEFT_S) return cached.token;
      const expiresAtS = nowS + TOKEN_LIFETIME_S;
      const token = jwt.sign({ scope, iat: nowS, exp: expiresAtS }, key, {
        algorithm: 'ES256',
        keyid: kid,
        issuer,
        audience: audienceOf(uid),
        ...(subject === undefined ? {} : { subject }),
      });
      remember(name, token, expiresAtS);
      return token;
    },
  };
}
