import { mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ProcessDriverError } from './errors.ts';

export interface UidRange {
  first: number;
  count: number;
}

/** Above all ranges that systemd, /etc/subuid and container runtimes hand out (systemd.io/UIDS-GIDS). */
export const defaultUidRange: UidRange = { first: 1_900_000_000, count: 10_000 };

/**
 * The range to take uids from: the default, or where this user namespace does not reach that far, the top of what it has.
 *
 * @param uidMap  contents of `/proc/self/uid_map`
 */
export function uidRangeWithin(uidMap: string, wanted: UidRange = defaultUidRange): UidRange {
  const blocks = uidMap
    .trim()
    .split('\n')
    .map((line) => {
      const [inside = 0, , count = 0] = line.trim().split(/\s+/).map(Number);
      return { first: inside, count };
    });
  const holds = ({ first, count }: UidRange): boolean =>
    wanted.first >= first && wanted.first + wanted.count <= first + count;
  const last = blocks.at(-1);
  if (last === undefined || blocks.some(holds)) return wanted;
  const count = Math.min(wanted.count, Math.floor(last.count / 4));
  return { first: last.first + last.count - count - 2, count };
}

/**
 * Hands out one uid per workspace, for all installations on this host: a claim is a file, made exclusively, that names the
 * workspace it is for. Claims of workspaces that no longer exist are taken over.
 */
export class UidClaims {
  readonly #folder: string;
  readonly #range: UidRange;

  constructor(folder: string, range: UidRange) {
    this.#folder = folder;
    this.#range = range;
  }

  /**
   * The uid of a workspace: the one it had last time, unless somebody else took it in the meantime (claims do not survive a
   * reboot).
   */
  async claim(workspace: string): Promise<{ uid: number; isNew: boolean }> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const remembered = Number(await readFile(path.join(workspace, 'uid'), 'utf8').catch(() => 'NaN'));
    const inRange = remembered >= this.#range.first && remembered < this.#range.first + this.#range.count;
    if (inRange && (await this.#take(remembered, workspace))) return { uid: remembered, isNew: false };
    for (let uid = this.#range.first; uid < this.#range.first + this.#range.count; uid += 1) {
      if (!(await this.#take(uid, workspace))) continue;
      await writeFile(path.join(workspace, 'uid'), uid.toString());
      return { uid, isNew: true };
    }
    throw new ProcessDriverError('UIDS_EXHAUSTED', `All ${this.#range.count} user ids for sandboxes are taken.`, {
      hint: 'Delete conversations that are no longer needed, or configure a larger range.',
    });
  }

  async release(workspace: string): Promise<void> {
    const uid = await readFile(path.join(workspace, 'uid'), 'utf8').catch(() => undefined);
    if (uid === undefined) return;
    const file = path.join(this.#folder, uid);
    if ((await readFile(file, 'utf8').catch(() => '')) === workspace) await rm(file, { force: true });
  }

  async #take(uid: number, workspace: string): Promise<boolean> {
    const file = path.join(this.#folder, uid.toString());
    for (let attempt = 0; attempt < 2; attempt += 1) {
      try {
        const handle = await open(file, 'wx', 0o600);
        await handle.writeFile(workspace);
        await handle.close();
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = await readFile(file, 'utf8').catch(() => '');
      if (holder === workspace) return true;
      // Empty: another manager is between making the file and writing it.
      const holderExists =
        holder === '' ||
        (await stat(holder).then(
          () => true,
          () => false,
        ));
      if (holderExists) return false;
      await rm(file, { force: true });
    }
    return false;
  }
}
