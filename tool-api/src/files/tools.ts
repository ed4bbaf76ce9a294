import { lstat, mkdir, rename, rmdir, unlink } from 'node:fs/promises';
import {
  filesDelete,
  filesEdit,
  filesGlob,
  filesGrep,
  filesList,
  filesMkdir,
  filesMove,
  filesRead,
  filesWrite,
} from '@sandpiper/protocol';
import { defineTool, type Tool } from '../tool.ts';
import { writeAtomically } from './atomic-write.ts';
import { listFolder, openFile, removeFolder, withFolder } from './entry.ts';
import { fileErrors } from './errors.ts';
import { moveBetween } from './move.ts';
import { withPlace, type Place } from './place.ts';
import { globFiles, grepFiles } from './search.ts';
import { readLines } from './text.ts';

const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** @param roots  the folders that may be touched; the first is where relative paths begin */
export function createFilesTools({ roots }: { roots: readonly string[] }): Tool[] {
  /** For reading and writing: a symlink is followed, as far as it stays inside. */
  const at = <T>(path: string, use: (place: Place) => Promise<T>): Promise<T> =>
    withPlace(roots, path, { followLast: true }, use);

  return [
    defineTool({
      ...filesList,
      handler: ({ path, offset, limit, includeHidden }) =>
        at(path, async (place) => {
          const all = await listFolder(place);
          const visible = includeHidden ? all : all.filter(({ name }) => !name.startsWith('.'));
          const entries = visible.slice(offset, offset + limit);
          const end = offset + entries.length;
          return {
            path: place.path,
            entries,
            total: visible.length,
            ...(end < visible.length ? { nextOffset: end } : {}),
          };
        }),
    }),
    defineTool({
      ...filesRead,
      handler: ({ path, startLine, limit, numbered }) =>
        at(path, async (place) => {
          const { handle, stats } = await openFile(place);
          try {
            const { totalLines, nextLine, ...page } = await readLines(handle, place.path, {
              startLine,
              limit,
              numbered,
            });
            return {
              path: place.path,
              ...page,
              startLine,
              sizeBytes: stats.size,
              ...(totalLines === undefined ? {} : { totalLines }),
              ...(nextLine === undefined ? {} : { nextLine }),
            };
          } finally {
            await handle.close();
          }
        }),
    }),
    defineTool({
      ...filesWrite,
      handler: ({ path, content }) =>
        withPlace(roots, path, { followLast: true, createParents: true }, async (place) => {
          const { created, stats } = await writeText(place, content);
          return { path: place.path, sizeBytes: stats.size, created };
        }),
    }),
    defineTool({
      ...filesEdit,
      handler: ({ path, oldText, newText, replaceAll }) =>
        at(path, async (place) => {
          const before = await readText(place);
          const count = before.split(oldText).length - 1;
          if (count === 0) throw fileErrors.EDIT_NO_MATCH({ path: place.path });
          if (count > 1 && !replaceAll) throw fileErrors.EDIT_AMBIGUOUS({ path: place.path, count });
          const line = before.slice(0, before.indexOf(oldText)).split('\n').length;
          // As a function: in a replacement string `$&` and its like would mean something.
          const { stats } = await writeText(
            place,
            before.replaceAll(oldText, () => newText),
          );
          return { path: place.path, replacements: count, sizeBytes: stats.size, line };
        }),
    }),
    defineTool({
      ...filesMove,
      handler: ({ from, to, overwrite }) => moveEntry(roots, from, to, overwrite),
    }),
    defineTool({
      ...filesDelete,
      handler: ({ path, recursive }) => deleteEntry(roots, path, recursive),
    }),
    defineTool({
      ...filesMkdir,
      handler: ({ path }) => makeFolder(roots, path),
    }),
    defineTool({
      ...filesGlob,
      handler: ({ path, offset, ...options }, { signal }) =>
        at(path, (place) =>
          withFolder(place.self, async (folder) => {
            const { files, hasMore } = await globFiles(folder, { ...options, offset }, signal);
            return { path: place.path, files, ...(hasMore ? { nextOffset: offset + files.length } : {}) };
          }),
        ),
    }),
    defineTool({
      ...filesGrep,
      handler: ({ path, offset, glob, ...options }, { signal }) =>
        at(path, async (place) => {
          const isFolder = (await lstat(place.self)).isDirectory();
          const file = isFolder ? undefined : place.leaf;
          const search = (folder: string): ReturnType<typeof grepFiles> =>
            grepFiles(folder, { ...options, offset, glob, file }, signal);
          const { hasMore, ...found } = await (isFolder ? withFolder(place.self, search) : search(place.folder));
          return { path: place.path, ...found, ...(hasMore ? { nextOffset: offset + found.matches } : {}) };
        }),
    }),
  ];
}

/** Moves a file, folder or symlink. Throws FILE_EXISTS unless `overwrite`. */
export async function moveEntry(
  roots: readonly string[],
  from: string,
  to: string,
  overwrite: boolean,
): Promise<{ from: string; to: string }> {
  return withPlace(roots, from, { followLast: false }, (source) =>
    withPlace(roots, to, { followLast: false, createParents: true }, async (target) => {
      if (source.leaf === undefined) throw fileErrors.FILE_FORBIDDEN({ path: source.path });
      const existing = await lstat(target.self).catch(() => undefined);
      if (existing && !overwrite) throw fileErrors.FILE_EXISTS({ path: target.path });
      try {
        await rename(source.self, target.self);
      } catch (error) {
        // Workspace and /tmp may be different file systems.
        if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
        await moveBetween(source, target);
      }
      return { from: source.path, to: target.path };
    }),
  );
}

/** Deletes a file, a symlink (not its target) or a folder. Throws FOLDER_NOT_EMPTY unless `recursive`. */
export async function deleteEntry(
  roots: readonly string[],
  path: string,
  recursive: boolean,
): Promise<{ path: string }> {
  return withPlace(roots, path, { followLast: false }, async (place) => {
    if (place.leaf === undefined) throw fileErrors.FILE_FORBIDDEN({ path: place.path });
    const isFolder = (await lstat(place.self)).isDirectory();
    if (!isFolder) await unlink(place.self);
    else if (recursive) await removeFolder(place.self);
    else await rmdir(place.self);
    return { path: place.path };
  });
}

/** Makes a folder and those above it. */
export async function makeFolder(roots: readonly string[], path: string): Promise<{ path: string; created: boolean }> {
  return withPlace(roots, path, { followLast: true, createParents: true }, async (place) => {
    const existing = await lstat(place.self).catch(() => undefined);
    if (existing?.isDirectory()) return { path: place.path, created: false };
    await mkdir(place.self);
    return { path: place.path, created: true };
  });
}

function writeText(place: Place, text: string): ReturnType<typeof writeAtomically> {
  return writeAtomically(place, oneChunk(Buffer.from(text)), { limitBytes: 2 * MAX_TEXT_BYTES });
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** The whole of a text file, such that writing it back changes no byte. */
async function readText(place: Place): Promise<string> {
  const { handle, stats } = await openFile(place);
  try {
    if (stats.size > MAX_TEXT_BYTES) throw fileErrors.FILE_TOO_LARGE({ path: place.path, limitBytes: MAX_TEXT_BYTES });
    const bytes = await handle.readFile();
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw fileErrors.FILE_BINARY({ path: place.path }, { cause: error });
    throw error;
  } finally {
    await handle.close();
  }
}
