import { chmod, chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { runCommand } from './command.ts';
import { ProcessDriverError } from './errors.ts';
import type { UidClaims } from './uids.ts';

/**
 * Workspaces on disk: `<folder>/<name>/home` is the sandbox' home, `state` holds output of commands of the running instance,
 * `uid` remembers whose they are, `machine-id` makes the machine look the same tomorrow.
 */
export class Workspaces {
  readonly #folder: string;
  readonly #claims: UidClaims | undefined;

  /** @param claims  undefined where sandboxes run under our own uid */
  constructor(folder: string, claims: UidClaims | undefined) {
    this.#folder = folder;
    this.#claims = claims;
  }

  async create(name: string): Promise<void> {
    const folder = this.#at(name);
    await mkdir(path.join(folder, 'home'), { recursive: true, mode: 0o700 });
    // Last, so that a workspace that exists is a whole one.
    await writeFile(path.join(folder, 'machine-id'), randomBytes(16).toString('hex'), { flag: 'wx' }).catch(
      (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      },
    );
  }

  async exists(name: string): Promise<boolean> {
    return stat(path.join(this.#at(name), 'machine-id')).then(
      () => true,
      () => false,
    );
  }

  async delete(name: string): Promise<void> {
    const folder = this.#at(name);
    if (
      !(await stat(folder).then(
        () => true,
        () => false,
      ))
    )
      return;
    this.#claims?.release(folder);
    // Renamed first: what is half deleted must not be found again as a workspace.
    const doomed = path.join(this.#folder, `.deleted-${name}-${Date.now().toString(36)}`);
    await rename(folder, doomed);
    await removeTree(doomed);
  }

  /**
   * Readies a workspace for one instance. Nothing may be running in it.
   *
   * @returns its parts, and the uid they belong to (undefined: ours)
   */
  async open(name: string): Promise<{ home: string; state: string; machineId: string; uid: number | undefined }> {
    const folder = this.#at(name);
    const home = path.join(folder, 'home');
    const state = path.join(folder, 'state');
    const machineId = await readFile(path.join(folder, 'machine-id'), 'utf8').catch(() => undefined);
    if (machineId === undefined) throw new ProcessDriverError('WORKSPACE_MISSING', `There is no workspace '${name}'.`);
    await removeTree(state);
    await mkdir(state, { mode: 0o700 });
    const claim = await this.#claims?.claim(folder);
    if (!claim) return { home, state, machineId, uid: undefined };
    await chown(state, claim.uid, claim.uid);
    // A tree walk that never follows a link, for a folder whose content is the sandbox' own.
    if (claim.isNew)
      await runCommand('chown', ['-hR', '--no-dereference', `${claim.uid}:${claim.uid}`, home], { timeoutMs: 600_000 });
    return { home, state, machineId, uid: claim.uid };
  }

  #at(name: string): string {
    if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)) {
      throw new ProcessDriverError('WORKSPACE_INVALID', `'${name}' is not a name of a workspace.`);
    }
    return path.join(this.#folder, name);
  }
}

/** Removes a folder, also one in which somebody took away their own permissions. */
export async function removeTree(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    await chmod(folder, 0o700);
    await runCommand('chmod', ['-R', 'u+rwx', folder], { timeoutMs: 600_000 });
    await rm(folder, { recursive: true, force: true });
  }
}
