import { createHash } from 'node:crypto';
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Makes `outDir` from `sources` (folders and files below the root), unless it was made from the same ones before. Built aside and
 * renamed, so that a build that is cut off, or two at once, never leave half a folder.
 *
 * @returns `outDir`, absolute
 */
export async function buildIfStale(
  outDir: string,
  sources: string[],
  make: (staging: string) => Promise<void>,
): Promise<string> {
  const target = path.join(root, outDir);
  const stampFile = path.join(target, '.stamp');
  const stamp = await hashOf([...sources, 'package-lock.json']);
  if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return target;

  const staging = `${target}.${process.pid.toString()}`;
  await rm(staging, { recursive: true, force: true });
  await make(staging);
  await writeFile(path.join(staging, '.stamp'), stamp);
  await rm(target, { recursive: true, force: true });
  await rename(staging, target);
  return target;
}

async function hashOf(sources: string[]): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  for (const name of (await Promise.all(sources.map(filesOf))).flat().sort()) {
    hash.update(path.relative(root, name)).update(await readFile(name));
  }
  return hash.digest('hex');
}

async function filesOf(source: string): Promise<string[]> {
  const absolute = path.join(root, source);
  const entries = await readdir(absolute, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [absolute];
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((name) => !/\/(dist[^/]*|node_modules)\/|\.test\.ts$/.test(name));
}
