import { createPrivateKey } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

export interface SigningKey {
  kid: string;
  /** PKCS#8 or SEC1. */
  privateKeyPem: string;
}

const FILE = /^gateway\.([A-Za-z0-9_-]{1,64})\.key\.pem$/;

/**
 * Reads the key by which this gateway proves itself to sandboxes: a file `gateway.<kid>.key.pem`, or a folder that holds
 * some, of which the last by name is taken, so that a new one is put beside the old. Its public half must be where sandboxes
 * look, as `gateway.<kid>.pem`; the operator sees to that.
 *
 * @throws Error of one line that names the file and what is wrong with it
 */
export async function readSigningKey(fileOrFolder: string): Promise<SigningKey> {
  const file = await locate(fileOrFolder);
  const kid = FILE.exec(path.basename(file))?.[1];
  if (kid === undefined) {
    throw new Error(
      `The signing key ${file} must be named gateway.<kid>.key.pem: the name tells sandboxes which key it is.`,
    );
  }
  const privateKeyPem = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`The signing key ${file} cannot be read: ${reasonOf(cause)}.`, { cause });
  });
  if (!isP256(privateKeyPem)) {
    throw new Error(
      `${file} holds no private P-256 key in PEM; make one with: openssl ecparam -name prime256v1 -genkey -noout`,
    );
  }
  return { kid, privateKeyPem };
}

async function locate(fileOrFolder: string): Promise<string> {
  const found = await stat(fileOrFolder).catch((cause: unknown) => {
    throw new Error(`The signing key ${fileOrFolder} cannot be read: ${reasonOf(cause)}.`, { cause });
  });
  if (!found.isDirectory()) return fileOrFolder;
  const names = (await readdir(fileOrFolder)).filter((name) => FILE.test(name)).sort();
  const last = names.at(-1);
  if (last === undefined) throw new Error(`The folder ${fileOrFolder} holds no gateway.<kid>.key.pem to sign with.`);
  return path.join(fileOrFolder, last);
}

function isP256(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch {
    return false;
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
