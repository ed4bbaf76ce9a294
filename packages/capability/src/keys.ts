import { generateKeyPairSync, randomBytes } from 'node:crypto';

export interface KeyPair {
  /** Names the key in tokens and file names; letters and digits only. */
  kid: string;
  /** PKCS#8. */
  privateKeyPem: string;
  /** SPKI; what a sandbox gets, as `<issuer>.<kid>.pem`. */
  publicKeyPem: string;
}

/** A kid becomes part of a file name, so it can hold nothing that leads anywhere. */
export const KID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

/** Makes a P-256 pair for ES256 (RFC 7518 §3.4) under a fresh random kid. */
export function generateKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return { kid: randomBytes(8).toString('hex'), privateKeyPem: privateKey, publicKeyPem: publicKey };
}
