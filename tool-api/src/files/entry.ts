import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir, rm, rmdir, type FileHandle } from 'node:fs/promises';
import type { FileInfo } from '@sandpiper/protocol';
import { fileErrors } from './errors.ts';
import type { Place } from './place.ts';

/** Opens a regular file for reading. A pipe or device is refused without waiting for it. */
export async function openFile(place: Place): Promise<{ handle: FileHandle; stats: Stats }> {
  const handle = await open(place.self, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw fileErrors.NOT_A_FILE({ path: place.path });
    return { handle, stats };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Opens a folder and runs `use` with a path that stays this folder, whatever happens to its name. */
export async function withFolder<T>(self: string, use: (folder: string, fd: number) => Promise<T>): Promise<T> {
  const handle = await open(self, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    return await use(`/proc/self/fd/${handle.fd.toString()}`, handle.fd);
  } finally {
    await handle.close();
  }
}

/** What is in a folder: folders first, then by name. Symlinks are themselves. */
export async function listFolder(place: Place): Promise<FileInfo[]> {
  return withFolder(place.self, async (folder) => {
    const names = await readdir(folder);
    const found = await Promise.all(names.map((name) => describeIfThere(`${folder}/${name}`, `${place.path}/${name}`)));
    return found.filter((entry) => entry !== undefined).sort(inOrder);
  });
}

export async function describePlace(place: Place): Promise<FileInfo> {
  return describe(await lstat(place.self), place.path);
}

export function describe(stats: Stats, path: string): FileInfo {
  const type = stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'directory'
      : stats.isSymbolicLink()
        ? 'symlink'
        : 'other';
  const name = path.slice(path.lastIndexOf('/') + 1);
  return { path, name, type, sizeBytes: stats.size, modifiedAt: stats.mtime.toISOString() };
}

/** Changes whenever the content does, as far as a file system can tell. */
export function etagOf(stats: Stats): string {
  return `"${stats.ino.toString(36)}-${Math.round(stats.mtimeMs * 1000).toString(36)}-${stats.size.toString(36)}"`;
}

/** Deletes a folder with all it holds, through descriptors: no symlink inside, not even one swapped in meanwhile, is followed. */
export async function removeFolder(self: string): Promise<void> {
  await withFolder(self, async (folder) => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const child = `${folder}/${entry.name}`;
      if (entry.isDirectory()) await removeFolder(child);
      else await rm(child, { force: true });
    }
  });
  await rmdir(self);
}

async function describeIfThere(self: string, path: string): Promise<FileInfo | undefined> {
  try {
    return describe(await lstat(self), path);
  } catch {
    // Deleted since the folder was read.
    return undefined;
  }
}

function inOrder(a: FileInfo, b: FileInfo): number {
  const byKind = Number(b.type === 'directory') - Number(a.type === 'directory');
  return byKind || (a.name < b.name ? -1 : 1);
}
