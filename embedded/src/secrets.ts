import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

const keyPair = z.object({ kid: z.string(), privateKeyPem: z.string(), publicKeyPem: z.string() });
const secrets = z.object({
  /** Signs the people's access tokens. */
  tokenSecret: z.string().min(32),
  /** Capability keys: what gateway and manager prove themselves with to sandboxes. */
  gateway: keyPair,
  manager: keyPair,
});
export type Secrets = z.infer<typeof secrets>;
type KeyPair = z.infer<typeof keyPair>;

/**
 * The secrets of this installation, made at the first start and kept in the data folder, readable by its owner only. The public
 * halves are written to `keysDir`, which every sandbox sees.
 *
 * @throws Error that names the file, when it cannot be read as what it should be
 */
export async function loadSecrets(dataDir: string, keysDir: string, generateKeyPair: () => KeyPair): Promise<Secrets> {
  const file = path.join(dataDir, 'secrets.json');
  const found = (await read(file)) ?? (await create(file, generateKeyPair));
  await mkdir(keysDir, { recursive: true, mode: 0o755 });
  for (const issuer of ['gateway', 'manager'] as const) {
    await writeFile(path.join(keysDir, `${issuer}.${found[issuer].kid}.pem`), found[issuer].publicKeyPem, {
      mode: 0o644,
    });
  }
  return found;
}

async function read(file: string): Promise<Secrets | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return secrets.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${file} is damaged; move it away and start again (people sign in anew, conversations stay).`, {
      cause,
    });
  }
}

async function create(file: string, generateKeyPair: () => KeyPair): Promise<Secrets> {
  const made: Secrets = {
    tokenSecret: randomBytes(48).toString('base64url'),
    gateway: generateKeyPair(),
    manager: generateKeyPair(),
  };
  // Renamed into place, so that a start that is cut off leaves either no file or a whole one.
  await writeFile(`${file}.new`, JSON.stringify(made, null, 2), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return made;
}
