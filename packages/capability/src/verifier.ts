import type { KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import {
  audienceOf,
  grantableScopes,
  isIssuer,
  isScope,
  LEEWAY_S,
  TOKEN_LIFETIME_S,
  type Claims,
  type Scope,
} from './claims.ts';
import { CapabilityError } from './error.ts';
import { createKeyDirectory } from './key-directory.ts';

export interface Verifier {
  /**
   * @param token   compact JWT, without `Bearer`
   * @param needed  the scope a route asks for; of several, any one will do
   * @throws CapabilityError TOKEN_INVALID, TOKEN_EXPIRED or SCOPE_DENIED
   */
  verify(token: string, needed: Scope | readonly Scope[]): Claims;
}

/**
 * Checks tokens meant for one sandbox against the public keys in `keysDir` (`<issuer>.<kid>.pem`), which may change at any time.
 * The algorithm is pinned to ES256, whatever the token's header says (RFC 8725 §3.1).
 */
export function createVerifier(options: {
  keysDir: string;
  uid: string;
  /** Epoch ms. */
  clock?: () => number;
}): Verifier {
  const { keysDir, uid, clock = Date.now } = options;
  const keys = createKeyDirectory(keysDir, clock);

  return {
    verify(token, needed) {
      const nowS = Math.floor(clock() / 1000);
      const { issuer, key } = findKey(token, (name, kid) => keys.find(name, kid));
      const payload = checkSignature(token, key, { issuer, audience: audienceOf(uid), nowS });
      const scopes = scopesOf(payload).filter((scope) => grantableScopes(issuer).includes(scope));
      const wanted = typeof needed === 'string' ? [needed] : needed;
      if (!wanted.some((scope) => scopes.includes(scope))) {
        throw new CapabilityError(
          'SCOPE_DENIED',
          `The token of "${issuer}" does not carry the scope ${wanted.join(' or ')}.`,
        );
      }
      return { issuer, uid, scopes, subject: payload.sub, expiresAtMs: payload.exp * 1000 };
    },
  };
}

type FoundKey = { issuer: Claims['issuer']; key: KeyObject };

/** Reads the unchecked header and issuer, only to choose the key; everything else is read after the signature holds. */
function findKey(token: string, find: (issuer: Claims['issuer'], kid: string) => KeyObject | undefined): FoundKey {
  let decoded: jwt.Jwt | null;
  try {
    decoded = jwt.decode(token, { complete: true });
  } catch {
    throw invalid();
  }
  if (decoded === null || typeof decoded.payload === 'string') throw invalid();
  const { kid, alg } = decoded.header;
  const { iss } = decoded.payload;
  if (alg !== 'ES256' || typeof kid !== 'string' || !isIssuer(iss)) throw invalid();
  const key = find(iss, kid);
  if (!key) throw invalid();
  return { issuer: iss, key };
}

type Checked = jwt.JwtPayload & { exp: number };

function checkSignature(
  token: string,
  key: KeyObject,
  expected: { issuer: string; audience: string; nowS: number },
): Checked {
  let payload: jwt.JwtPayload | string;
  try {
    payload = jwt.verify(token, key, {
      algorithms: ['ES256'],
      audience: expected.audience,
      issuer: expected.issuer,
      clockTolerance: LEEWAY_S,
      clockTimestamp: expected.nowS,
    });
  } catch (error) {
    if (error instanceof jwt.TokenExpiredError)
      throw new CapabilityError('TOKEN_EXPIRED', 'The token has expired; sign a new one.');
    throw invalid();
  }
  // A signed token that never ends, or ends next year, is a mistake of its issuer which must not become a key to this sandbox.
  if (typeof payload === 'string' || payload.exp === undefined) throw invalid();
  if (payload.exp > expected.nowS + TOKEN_LIFETIME_S + LEEWAY_S) throw invalid();
  return payload as Checked;
}

function scopesOf(payload: jwt.JwtPayload): Scope[] {
  const scope: unknown = payload['scope'];
  return typeof scope === 'string' ? scope.split(' ').filter(isScope) : [];
}

function invalid(): CapabilityError {
  return new CapabilityError('TOKEN_INVALID', 'The token is not valid for this sandbox.');
}
