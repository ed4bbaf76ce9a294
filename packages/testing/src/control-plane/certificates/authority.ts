import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIPv4 } from 'node:net';
import * as der from './der.ts';

/** Both in PEM. */
export interface KeyAndCertificate {
  key: string;
  certificate: string;
}

export interface Subject {
  commonName: string;
  /** What Kubernetes takes as groups. */
  organizations?: readonly string[];
}

export interface Authority extends KeyAndCertificate {
  /** A certificate by which a client says who it is. */
  issueClient(subject: Subject): KeyAndCertificate;
  /** A certificate of a server, for these DNS names and IPv4 addresses. */
  issueServer(commonName: string, hosts: readonly string[]): KeyAndCertificate;
}

const validForMs = 365 * 24 * 3_600_000;
/** Clocks of containers and virtual machines may be a little behind. */
const leewayMs = 3_600_000;

/** Makes a certificate authority of its own. Keys are ECDSA P-256: quick to make and accepted everywhere. */
export function createAuthority(commonName: string): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = encode({
    subject: { commonName },
    publicKey,
    issuer: { name: nameOf({ commonName }), key: privateKey, publicKey },
    extensions: [
      extension('2.5.29.19', der.sequence(der.boolean(true)), { critical: true }),
      // digitalSignature, keyCertSign, cRLSign
      extension('2.5.29.15', der.bitString(Buffer.from([0b1000_0110]), 1), { critical: true }),
    ],
  });
  return loadAuthority({ key: pemOf(privateKey), certificate });
}

/** Goes on with an authority that was made before, e.g. by another process. */
export function loadAuthority({ key, certificate }: KeyAndCertificate): Authority {
  const commonName = /CN=(.+)/.exec(new X509Certificate(certificate).subject)?.[1] ?? '';
  const privateKey = createPrivateKey(key);
  const issuer: Issuer = { name: nameOf({ commonName }), key: privateKey, publicKey: createPublicKey(privateKey) };

  const issue = (subject: Subject, usage: string, more: Buffer[]): KeyAndCertificate => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const issued = encode({
      subject,
      publicKey: pair.publicKey,
      issuer,
      extensions: [
        // digitalSignature
        extension('2.5.29.15', der.bitString(Buffer.from([0b1000_0000]), 7), { critical: true }),
        extension('2.5.29.37', der.sequence(der.objectIdentifier(usage))),
        ...more,
      ],
    });
    return { key: pemOf(pair.privateKey), certificate: issued };
  };
  return {
    key,
    certificate,
    issueClient: (subject) => issue(subject, '1.3.6.1.5.5.7.3.2', []),
    issueServer: (name, hosts) =>
      issue({ commonName: name }, '1.3.6.1.5.5.7.3.1', [
        extension('2.5.29.17', der.sequence(...hosts.map(alternativeName))),
      ]),
  };
}

interface Issuer {
  name: Buffer;
  key: KeyObject;
  publicKey: KeyObject;
}

interface Content {
  subject: Subject;
  publicKey: KeyObject;
  issuer: Issuer;
  extensions: Buffer[];
}

/** Writes and signs one certificate (RFC 5280, 4.1), in PEM. */
function encode({ subject, publicKey, issuer, extensions }: Content): string {
  const algorithm = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2')); // ecdsa-with-SHA256
  const now = Date.now();
  const toBeSigned = der.sequence(
    der.explicit(0, der.integer(Buffer.from([2]))), // version 3
    der.integer(serialNumber()),
    algorithm,
    issuer.name,
    der.sequence(der.time(new Date(now - leewayMs)), der.time(new Date(now + validForMs))),
    nameOf(subject),
    derOf(publicKey),
    der.explicit(
      3,
      der.sequence(
        ...extensions,
        extension('2.5.29.14', der.octetString(keyIdentifier(publicKey))),
        extension('2.5.29.35', der.sequence(der.implicit(0, keyIdentifier(issuer.publicKey)))),
      ),
    ),
  );
  const signature = der.bitString(sign('sha256', toBeSigned, issuer.key));
  const base64 = der.sequence(toBeSigned, algorithm, signature).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}

/** Positive, and without a zero in front, which DER forbids. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes;
}

function nameOf({ commonName, organizations = [] }: Subject): Buffer {
  const attribute = (oid: string, value: string): Buffer =>
    der.set(der.sequence(der.objectIdentifier(oid), der.utf8String(value)));
  return der.sequence(
    ...organizations.map((organization) => attribute('2.5.4.10', organization)),
    attribute('2.5.4.3', commonName),
  );
}

function alternativeName(host: string): Buffer {
  return isIPv4(host)
    ? der.implicit(7, Buffer.from(host.split('.').map(Number)))
    : der.implicit(2, Buffer.from(host, 'ascii'));
}

function extension(oid: string, value: Buffer, { critical = false } = {}): Buffer {
  return der.sequence(der.objectIdentifier(oid), ...(critical ? [der.boolean(true)] : []), der.octetString(value));
}

const derOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const keyIdentifier = (key: KeyObject): Buffer => createHash('sha1').update(derOf(key)).digest();
