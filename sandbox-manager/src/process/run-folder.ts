import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { chown, mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from './command.ts';
import { removeTree } from './workspaces.ts';

/** Eight digits that tell this installation's things from another's. */
export function installationId(dataDir: string): string {
  return createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 8);
}

/**
 * Where an installation keeps what only lives as long as its sandboxes. Short, because names of Unix sockets end at 107 bytes.
 *
 * @param runtimeDir  `XDG_RUNTIME_DIR`, where there is one
 */
export function defaultRunRoot(id: string, uid: number, runtimeDir: string | undefined): string {
  if (uid === 0) return `/run/sandpiper-${id}`;
  return path.join(runtimeDir ?? `/tmp/sandpiper-${uid.toString()}`, `sandpiper-${id}`);
}

/**
 * Makes the private folder of an instance:
 * `run` (the sandbox' own), `sockets` (our names for its sockets), `etc` (files made up for it), `stage` (a mount point).
 *
 * As root it is a small tmpfs: a sandbox that fills its run folder fills that, and not the host's /run.
 */
export async function createRunFolder(
  folder: string,
  files: Record<string, string>,
  uid: number | undefined,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  if (uid !== undefined) {
    const options = 'mode=0711,size=16m,nr_inodes=4096,nosuid,nodev,noexec';
    const mounted = await runCommand('mount', ['-t', 'tmpfs', '-o', options, 'sandpiper', folder]);
    // In a container that may not mount, the folder serves as it is.
    if (mounted.code !== 0 && !/permission|denied|superuser/i.test(mounted.stderr)) throw new Error(mounted.stderr);
  }
  await Promise.all([
    mkdir(path.join(folder, 'run'), { mode: 0o700 }),
    mkdir(path.join(folder, 'sockets'), { mode: 0o700 }),
    mkdir(path.join(folder, 'etc'), { mode: 0o755 }),
    mkdir(path.join(folder, 'stage'), { mode: 0o755 }),
  ]);
  if (uid !== undefined) await chown(path.join(folder, 'run'), uid, uid);
  await Promise.all(
    Object.entries(files).map(([name, text]) => writeFile(path.join(folder, 'etc', name), text, { mode: 0o644 })),
  );
}

/** Removes it with its mount. Nothing of the instance may live. */
export async function removeRunFolder(folder: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const ours = mounts.split('\n').filter((line) => line.split(' ')[1] === folder);
  for (const _mount of ours) {
    const unmounted = await runCommand('umount', ['-l', folder]);
    if (unmounted.code !== 0) throw new Error(`${folder} cannot be unmounted: ${unmounted.stderr}`);
  }
  await removeTree(folder);
}

/** Names of all instances that left a folder. */
export async function listRunFolders(runRoot: string): Promise<string[]> {
  const entries = await readdir(runRoot, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** Removes the root folder, if nothing is left in it. */
export async function removeRunRoot(runRoot: string): Promise<void> {
  await rmdir(runRoot).catch(() => undefined);
}
