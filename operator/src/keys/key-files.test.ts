import { mkdtemp, readdir, rm, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeMissingKeys, readKeyFiles } from './key-files.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sandpiper-keys-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('names what is missing', async () => {
  await expect(readKeyFiles(path.join(folder, 'nowhere'))).rejects.toThrow(/nowhere cannot be read/);
  await expect(readKeyFiles(folder)).rejects.toThrow(/holds no operator\.<kid>\.key\.pem; --make-keys/);
});

it('makes pairs once, readable by their owner only, and hands out public halves alone', async () => {
  const keys = path.join(folder, 'keys');
  await makeMissingKeys(keys);
  const names = (await readdir(keys)).sort();
  await makeMissingKeys(keys);
  expect((await readdir(keys)).sort()).toEqual(names);
  for (const name of names.filter((each) => each.endsWith('.key.pem'))) {
    expect((await stat(path.join(keys, name))).mode & 0o077).toBe(0);
  }
  const { signing, publicKeys } = await readKeyFiles(keys);
  expect(Object.keys(publicKeys)).toContain(`operator.${signing.kid}.pem`);
  expect(
    Object.keys(publicKeys)
      .map((name) => name.split('.')[0])
      .sort(),
  ).toEqual(['gateway', 'operator']);
  expect(JSON.stringify(publicKeys)).not.toContain('PRIVATE');

  await unlink(path.join(keys, `operator.${signing.kid}.pem`));
  await expect(readKeyFiles(keys)).rejects.toThrow(/not its public half/);
});
