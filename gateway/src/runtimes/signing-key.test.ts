import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateKeyPair } from '@sandpiper/capability';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readSigningKey } from './signing-key.ts';

const KEY = generateKeyPair().privateKeyPem;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sandpiper-signing-key-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const put = async (name: string, text: string): Promise<string> => {
  await writeFile(path.join(folder, name), text);
  return path.join(folder, name);
};

describe('the signing key', () => {
  test('is a file that says its kid, or the last of a folder', async () => {
    const old = await put('gateway.k1.key.pem', KEY);
    await put('gateway.k2.key.pem', KEY);
    await put('gateway.k3.pem', generateKeyPair().publicKeyPem);
    await put('operator.k9.key.pem', KEY);
    expect(await readSigningKey(old)).toEqual({ kid: 'k1', privateKeyPem: KEY });
    expect(await readSigningKey(folder)).toEqual({ kid: 'k2', privateKeyPem: KEY });
  });

  test('may be as openssl writes it', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const sec1 = privateKey.export({ type: 'sec1', format: 'pem' }) as string;
    expect(await readSigningKey(await put('gateway.k1.key.pem', sec1))).toEqual({ kid: 'k1', privateKeyPem: sec1 });
  });

  test.each([
    ['key.pem', KEY, /key\.pem must be named gateway\.<kid>\.key\.pem/],
    ['gateway.k1.key.pem', 'nonsense', /holds no private P-256 key/],
    ['gateway.k1.key.pem', generateKeyPair().publicKeyPem, /holds no private P-256 key/],
    [
      'gateway.k1.key.pem',
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      /holds no private P-256 key/,
    ],
  ])('is refused as %s', async (name, text, why) => {
    await expect(readSigningKey(await put(name, text))).rejects.toThrow(why);
  });

  test('is missed by name', async () => {
    await expect(readSigningKey(folder)).rejects.toThrow(/holds no gateway\.<kid>\.key\.pem/);
    await expect(readSigningKey(path.join(folder, 'none'))).rejects.toThrow(/none cannot be read: ENOENT/);
  });
});
