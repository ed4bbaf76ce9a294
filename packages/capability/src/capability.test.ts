import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import jwt from 'jsonwebtoken';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CapabilityError, createSigner, createVerifier, generateKeyPair, type Issuer, type KeyPair } from './index.ts';

const uid = '7b0c1a52-6f3e-4d7a-9a55-1f6f3f2b7c11';
const audience = `sandbox:${uid}`;
let now = Date.parse('2026-01-01T00:00:00Z');
const clock = (): number => now;
let keysDir: string;
let gateway: KeyPair;
let manager: KeyPair;

beforeEach(() => {
  now = Date.parse('2026-01-01T00:00:00Z');
  keysDir = mkdtempSync(path.join(tmpdir(), 'keys-'));
  gateway = publish('gateway');
  manager = publish('manager');
});
afterEach(() => rmSync(keysDir, { recursive: true }));

function publish(issuer: Issuer, pair = generateKeyPair()): KeyPair {
  writeFileSync(path.join(keysDir, `${issuer}.${pair.kid}.pem`), pair.publicKeyPem);
  return pair;
}

function outcome(token: string, scope: 'tools' | 'lifecycle' = 'tools'): string {
  try {
    createVerifier({ keysDir, uid, clock }).verify(token, scope);
    return 'accepted';
  } catch (error) {
    return (error as CapabilityError).code;
  }
}

/** A token that is right in everything but what the attack changes. */
function forge(
  payload: object = {},
  options: jwt.SignOptions = {},
  key: jwt.Secret = createPrivateKey(gateway.privateKeyPem),
): string {
  const nowS = now / 1000;
  const claims: Record<string, unknown> = {
    iss: 'gateway',
    aud: audience,
    scope: 'tools files',
    iat: nowS,
    exp: nowS + 300,
    ...payload,
  };
  // A claim set to undefined is left out.
  const present = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
  return jwt.sign(present, key, {
    algorithm: 'ES256',
    ...options,
    header: { alg: options.algorithm ?? 'ES256', kid: gateway.kid, ...options.header },
  });
}

function unsigned(alg: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg, typ: 'JWT', kid: gateway.kid })}.${part({ iss: 'gateway', aud: audience, scope: 'tools', exp: now / 1000 + 300 })}.`;
}

describe('a signed token', () => {
  it('carries issuer, scopes and subject to the sandbox it names', () => {
    const token = createSigner({ ...gateway, issuer: 'gateway', clock }).sign({
      uid,
      scopes: ['tools', 'files'],
      subject: 'user-1',
    });
    expect(createVerifier({ keysDir, uid, clock }).verify(token, ['control', 'files'])).toEqual({
      issuer: 'gateway',
      uid,
      scopes: ['files', 'tools'],
      subject: 'user-1',
      expiresAtMs: now + 300_000,
    });
  });

  it('is used again while more than a minute is left, then replaced', () => {
    const signer = createSigner({ ...gateway, issuer: 'gateway', clock });
    const grant = { uid, scopes: ['tools', 'files'] as const };
    const first = signer.sign(grant);
    now += 239_000;
    expect(signer.sign({ uid, scopes: ['files', 'tools'] })).toBe(first);
    expect(signer.sign({ ...grant, subject: 'x' })).not.toBe(first);
    expect(signer.sign({ ...grant, uid: 'other' })).not.toBe(first);
    now += 2000;
    expect(signer.sign(grant)).not.toBe(first);
  });

  it('is accepted up to a minute past its end, because clocks differ, and no longer', () => {
    const token = forge();
    now += 359_000;
    expect(outcome(token)).toBe('accepted');
    now += 2000;
    expect(outcome(token)).toBe('TOKEN_EXPIRED');
  });
});

describe('attacks', () => {
  const attacks: Record<string, () => string> = {
    'no token': () => '',
    garbage: () => 'a.b.c',
    'alg none': () => unsigned('none'),
    'alg ES256 without a signature': () => unsigned('ES256'),
    'HS256 with the public key as secret': () => forge({}, { algorithm: 'HS256' }, gateway.publicKeyPem),
    'ES384 under a known kid': () =>
      forge({}, { algorithm: 'ES384' }, generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey),
    'another sandbox as audience': () => forge({ aud: 'sandbox:other' }),
    'no audience': () => forge({ aud: undefined }),
    'a key that nobody published': () => forge({}, {}, createPrivateKey(generateKeyPair().privateKeyPem)),
    'an unknown issuer': () => forge({ iss: 'stranger' }),
    'the manager in the name of the gateway': () =>
      forge({}, { header: { alg: 'ES256', kid: manager.kid } }, createPrivateKey(manager.privateKeyPem)),
    'the gateway in the name of the manager': () => forge({ iss: 'manager' }),
    'no end': () => forge({ exp: undefined }),
    'an end next year': () => forge({ exp: now / 1000 + 365 * 86_400 }),
    'no kid': () => forge({}, { header: { alg: 'ES256', kid: undefined } as unknown as jwt.JwtHeader }),
    'a kid that leads out of the directory': () =>
      forge({}, { header: { alg: 'ES256', kid: `../${path.basename(keysDir)}/gateway.${gateway.kid}` } }),
    'a kid with a NUL': () => forge({}, { header: { alg: 'ES256', kid: `${gateway.kid}\0` } }),
    'a changed payload': () => {
      const [head, body, signature] = forge({ scope: 'files' }).split('.');
      const changed = Buffer.from(Buffer.from(body!, 'base64url').toString().replace('files', 'tools')).toString(
        'base64url',
      );
      return [head, changed, signature].join('.');
    },
  };
  for (const [name, attack] of Object.entries(attacks)) {
    it(`refuses ${name}`, () => expect(outcome(attack())).toBe('TOKEN_INVALID'));
  }

  it('gives no issuer but the gateway more than lifecycle, whatever its token says', () => {
    for (const issuer of ['manager', 'operator'] as const) {
      const pair = publish(issuer);
      const token = createSigner({ ...pair, issuer, clock }).sign({ uid, scopes: ['tools', 'session', 'lifecycle'] });
      expect(outcome(token, 'lifecycle')).toBe('accepted');
      expect(outcome(token, 'tools')).toBe('SCOPE_DENIED');
    }
  });

  it('refuses a scope that the token lacks', () => {
    expect(outcome(forge({ scope: 'files view' }))).toBe('SCOPE_DENIED');
    expect(outcome(forge({ scope: ['tools'] }))).toBe('SCOPE_DENIED');
    expect(outcome(forge({ scope: 'toolset' }))).toBe('SCOPE_DENIED');
  });

  it('does not take a private or an RSA key from the directory', () => {
    const pair = generateKeyPair();
    writeFileSync(path.join(keysDir, `gateway.${pair.kid}.pem`), pair.privateKeyPem);
    expect(outcome(createSigner({ ...pair, issuer: 'gateway', clock }).sign({ uid, scopes: ['tools'] }))).toBe(
      'TOKEN_INVALID',
    );
  });
});

describe('the key directory', () => {
  it('takes new keys at once and drops removed ones within a second, with old and new valid side by side', () => {
    const verifier = createVerifier({ keysDir, uid, clock });
    const oldToken = forge();
    verifier.verify(oldToken, 'tools');
    const next = generateKeyPair();
    const newToken = createSigner({ ...next, issuer: 'gateway', clock }).sign({ uid, scopes: ['tools'] });
    expect(() => verifier.verify(newToken, 'tools')).toThrow(CapabilityError);

    publish('gateway', next);
    now += 60;
    verifier.verify(newToken, 'tools');
    verifier.verify(oldToken, 'tools');

    unlinkSync(path.join(keysDir, `gateway.${gateway.kid}.pem`));
    now += 1000;
    verifier.verify(newToken, 'tools');
    expect(() => verifier.verify(oldToken, 'tools')).toThrow('not valid');
  });

  it('follows the symlinks of a mounted ConfigMap, and a file that is replaced in place', () => {
    const first = generateKeyPair();
    const second = { ...generateKeyPair(), kid: first.kid };
    writeFileSync(path.join(keysDir, 'v1'), first.publicKeyPem);
    writeFileSync(path.join(keysDir, 'v2'), second.publicKeyPem);
    const link = path.join(keysDir, `gateway.${first.kid}.pem`);
    const verifier = createVerifier({ keysDir, uid, clock });
    const sign = (pair: KeyPair): string =>
      createSigner({ ...pair, issuer: 'gateway', clock }).sign({ uid, scopes: ['tools'] });

    symlinkSync('v1', link);
    verifier.verify(sign(first), 'tools');
    unlinkSync(link);
    symlinkSync('v2', link);
    now += 1000;
    verifier.verify(sign(second), 'tools');
    expect(() => verifier.verify(sign(first), 'tools')).toThrow('not valid');
  });

  it('refuses everything while the directory is missing', () => {
    expect(() => createVerifier({ keysDir: path.join(keysDir, 'gone'), uid, clock }).verify(forge(), 'tools')).toThrow(
      'not valid',
    );
  });
});
