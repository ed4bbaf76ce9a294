import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, open, rename, unlink } from 'node:fs/promises';
import { fileErrors } from './errors.ts';
import type { Place } from './place.ts';

export interface WriteOptions {
  limitBytes: number;
  /** Permission bits of a new file; one that is replaced keeps its own. */
  mode?: number;
  /** Looks at what is about to be replaced (undefined: nothing) and throws if it should not be. */
  check?: (existing: Stats | undefined) => void;
}

/**
 * Writes a whole file: beside its target, synced, then renamed over it. Readers see the old or the new content, and whatever fails
 * (a full disk, a caller who hangs up) leaves the old one and nothing else.
 *
 * @throws FILE_TOO_LARGE, NOT_A_FILE, and what the system says, such as ENOSPC
 */
export async function writeAtomically(
  place: Place,
  content: AsyncIterable<Uint8Array>,
  { limitBytes, mode = 0o644, check }: WriteOptions,
): Promise<{ created: boolean; stats: Stats }> {
  if (place.leaf === undefined) throw fileErrors.NOT_A_FILE({ path: place.path });
  const existing = await lstat(place.self).catch(() => undefined);
  if (existing && !existing.isFile()) throw fileErrors.NOT_A_FILE({ path: place.path });
  check?.(existing);
  const temporary = `${place.folder}/.sandpiper-${randomBytes(8).toString('hex')}.tmp`;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const handle = await open(temporary, flags, 0o600);
  try {
    let sizeBytes = 0;
    for await (const chunk of content) {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) throw fileErrors.FILE_TOO_LARGE({ path: place.path, limitBytes });
      await handle.writeFile(chunk);
    }
    await handle.chmod(existing ? existing.mode & 0o777 : mode);
    await handle.sync();
    const stats = await handle.stat();
    await handle.close();
    await rename(temporary, place.self);
    return { created: existing === undefined, stats };
  } catch (error) {
    await handle.close().catch(() => undefined);
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}
