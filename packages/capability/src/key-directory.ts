import { createPublicKey, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { isIssuer, type Issuer } from './claims.ts';
import { KID_PATTERN } from './keys.ts';

export interface KeyDirectory {
  find(issuer: Issuer, kid: string): KeyObject | undefined;
}

const LOOK_AGAIN_MS = 1000;
/** A key that has just been published should not have to wait; nor may unknown kids make us read the directory at will. */
const LOOK_AGAIN_FOR_UNKNOWN_MS = 50;

/**
 * The public keys in a directory that somebody else changes: a key counts while its file is there.
 *
 * The directory is looked at again when a token comes in and the last look is a second old. That needs no watch, which costs an inotify
 * instance per sandbox and is silent on some mounts; and a look costs microseconds, because files are read only when they changed.
 */
export function createKeyDirectory(directory: string, clock: () => number): KeyDirectory {
  let keys = new Map<string, { stamp: string; key: KeyObject | undefined }>();
  let lookedAtMs = -Infinity;

  const look = (): void => {
    const seen: typeof keys = new Map();
    for (const file of listFiles(directory)) {
      const stamp = stampOf(path.join(directory, file));
      if (stamp === undefined) continue;
      const known = keys.get(file);
      seen.set(file, known?.stamp === stamp ? known : { stamp, key: readKey(path.join(directory, file)) });
    }
    keys = seen;
    lookedAtMs = clock();
  };

  return {
    find(issuer, kid) {
      if (!KID_PATTERN.test(kid)) return undefined;
      const file = `${issuer}.${kid}.pem`;
      const ageMs = clock() - lookedAtMs;
      // A clock that was set back makes the age negative: look, rather than trust old keys for as long.
      if (ageMs < 0 || ageMs >= (keys.has(file) ? LOOK_AGAIN_MS : LOOK_AGAIN_FOR_UNKNOWN_MS)) look();
      return keys.get(file)?.key;
    },
  };
}

function listFiles(directory: string): string[] {
  try {
    return readdirSync(directory).filter((file) => {
      const [issuer, kid, extension, ...more] = file.split('.');
      return isIssuer(issuer) && KID_PATTERN.test(kid ?? '') && extension === 'pem' && more.length === 0;
    });
  } catch {
    // No directory, no keys: every token is refused until it is there.
    return [];
  }
}

function stampOf(file: string): string | undefined {
  // A mounted ConfigMap swaps symlinks: following them gives the inode and time of the version behind.
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat && `${stat.ino.toString()}:${stat.mtimeNs.toString()}:${stat.size.toString()}`;
}

/** Only P-256 public keys count: `createPublicKey` would derive one from a private key, and accept RSA. */
function readKey(file: string): KeyObject | undefined {
  try {
    const pem = readFileSync(file, 'utf8');
    if (!pem.includes('BEGIN PUBLIC KEY')) return undefined;
    const key = createPublicKey(pem);
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}
