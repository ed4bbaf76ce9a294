import { existsSync, mkdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
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
 * Hands out one uid per workspace, for all installations on this host. Claims are rows of a small database that only root opens:
 * its transactions are what keeps two managers, or two starts of one, from taking the same uid. Claims of workspaces that no
 * longer exist are taken over.
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
    const memory = path.join(workspace, 'uid');
    const remembered = Number(await readFile(memory, 'utf8').catch(() => 'NaN'));
    const uid = this.#transaction((database) => {
      const claims = new Map(
        database
          .prepare('SELECT uid, workspace FROM claims')
          .all()
          .map((row) => [Number(row['uid']), String(row['workspace'])]),
      );
      const isFree = (candidate: number): boolean => {
        const holder = claims.get(candidate);
        return holder === undefined || holder === workspace || !existsSync(holder);
      };
      const chosen = this.#holds(remembered) && isFree(remembered) ? remembered : this.#first(isFree);
      if (chosen === undefined) return undefined;
      database.prepare('DELETE FROM claims WHERE workspace = ?').run(workspace);
      database.prepare('INSERT OR REPLACE INTO claims (uid, workspace) VALUES (?, ?)').run(chosen, workspace);
      return chosen;
    });
    if (uid === undefined) {
      throw new ProcessDriverError('UIDS_EXHAUSTED', `All ${this.#range.count} user ids for sandboxes are taken.`, {
        hint: 'Delete conversations that are no longer needed, or configure a larger range.',
      });
    }
    if (uid !== remembered) await writeFile(memory, uid.toString());
    return { uid, isNew: uid !== remembered };
  }

  release(workspace: string): void {
    this.#transaction((database) => database.prepare('DELETE FROM claims WHERE workspace = ?').run(workspace));
  }

  #holds(uid: number): boolean {
    return uid >= this.#range.first && uid < this.#range.first + this.#range.count;
  }

  #first(isFree: (uid: number) => boolean): number | undefined {
    for (let offset = 0; offset < this.#range.count; offset += 1) {
      if (isFree(this.#range.first + offset)) return this.#range.first + offset;
    }
    return undefined;
  }

  /** Nobody else reads or writes claims meanwhile. Opened for each use: claims are rare, and nothing is left to close. */
  #transaction<T>(work: (database: DatabaseSync) => T): T {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const database = new DatabaseSync(path.join(this.#folder, 'claims.db'), { timeout: 10_000 });
    try {
      database.exec('BEGIN IMMEDIATE');
      database.exec('CREATE TABLE IF NOT EXISTS claims (uid INTEGER PRIMARY KEY, workspace TEXT NOT NULL) STRICT');
      const result = work(database);
      database.exec('COMMIT');
      return result;
    } finally {
      database.close();
    }
  }
}
