import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { generateKeyPair, type Issuer } from '@sandpiper/capability';
import type { PublicKeys } from './public-keys.ts';

export interface OperatorKeys {
  /** The newest of the operator's own, which it signs with. */
  signing: { kid: string; privateKeyPem: string };
  /** All that sandboxes are to trust. */
  publicKeys: PublicKeys;
}

const PRIVATE = /^operator\.([A-Za-z0-9_-]+)\.key\.pem$/;
const PUBLIC = /^(gateway|manager|operator)\.[A-Za-z0-9_-]+\.pem$/;

/**
 * Reads the keys of the operator: `operator.<kid>.key.pem` to sign with (of several the last by name, so that a new one is
 * put beside the old), and `<issuer>.<kid>.pem` to hand to sandboxes.
 *
 * @throws Error that names the folder and what is missing in it
 */
export async function readKeyFiles(directory: string): Promise<OperatorKeys> {
  const names = await readdir(directory).catch((cause: unknown) => {
    throw new Error(`The folder of keys ${directory} cannot be read.`, { cause });
  });
  const own = names
    .filter((name) => PRIVATE.test(name))
    .sort()
    .at(-1);
  if (own === undefined) {
    throw new Error(`${directory} holds no operator.<kid>.key.pem; --make-keys makes one for trying out.`);
  }
  const kid = PRIVATE.exec(own)?.[1] ?? '';
  if (!names.includes(`operator.${kid}.pem`)) {
    throw new Error(
      `${directory} holds ${own} but not its public half operator.${kid}.pem; sandboxes would refuse the operator.`,
    );
  }
  const read = (name: string): Promise<string> => readFile(path.join(directory, name), 'utf8');
  const files = names.filter((name) => PUBLIC.test(name));
  const publicKeys = Object.fromEntries(
    await Promise.all(files.map(async (name) => [name, await read(name)] as const)),
  );
  return { signing: { kid, privateKeyPem: await read(own) }, publicKeys };
}

/** Makes a pair for operator and gateway where the folder has none: `<issuer>.<kid>.key.pem` and `<issuer>.<kid>.pem`. */
export async function makeMissingKeys(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const names = await readdir(directory);
  for (const issuer of ['operator', 'gateway'] satisfies Issuer[]) {
    if (names.some((name) => name.startsWith(`${issuer}.`) && name.endsWith('.key.pem'))) continue;
    const { kid, privateKeyPem, publicKeyPem } = generateKeyPair();
    await writeFile(path.join(directory, `${issuer}.${kid}.pem`), publicKeyPem, { mode: 0o644 });
    await writeFile(path.join(directory, `${issuer}.${kid}.key.pem`), privateKeyPem, { mode: 0o600 });
  }
}
