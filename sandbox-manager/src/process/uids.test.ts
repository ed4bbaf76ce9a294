import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UidClaims } from './uids.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sandpiper-uids-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const claimsOf = (count: number): UidClaims => new UidClaims(path.join(folder, 'claims'), { first: 5000, count });

async function workspace(name: string): Promise<string> {
  const made = path.join(folder, name);
  await mkdir(made, { recursive: true });
  return made;
}

describe('uids of workspaces', () => {
  test('one that is gone gives its uid to one of those who ask at once, and to no more', async () => {
    const gone = await Promise.all(Array.from({ length: 20 }, (_, index) => workspace(`gone-${index}`)));
    for (const each of gone) await claimsOf(40).claim(each);
    for (const each of gone) await rm(each, { recursive: true });
    // As many managers as workspaces: each has a connection of its own.
    const fresh = await Promise.all(Array.from({ length: 40 }, (_, index) => workspace(`fresh-${index}`)));
    const given = await Promise.all(fresh.map((each) => claimsOf(40).claim(each)));
    expect(new Set(given.map(({ uid }) => uid)).size).toBe(40);
  });

  test('a workspace keeps its uid, and one that was released is free', async () => {
    const [first, second] = [await workspace('first'), await workspace('second')];
    const claims = claimsOf(1);
    expect(await claims.claim(first)).toEqual({ uid: 5000, isNew: true });
    expect(await claims.claim(first)).toEqual({ uid: 5000, isNew: false });
    await expect(claims.claim(second)).rejects.toMatchObject({ code: 'UIDS_EXHAUSTED' });
    claims.release(first);
    expect(await claims.claim(second)).toEqual({ uid: 5000, isNew: true });
  });

  test('one that comes back after its uid was given away gets another', async () => {
    const [first, second] = [await workspace('first'), await workspace('second')];
    const claims = claimsOf(2);
    await claims.claim(first);
    claims.release(first);
    await claims.claim(second);
    expect(await claims.claim(first)).toEqual({ uid: 5001, isNew: true });
  });
});
