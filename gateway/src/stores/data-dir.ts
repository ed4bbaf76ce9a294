import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errors } from '../errors.ts';

export interface DataDir {
  readonly path: string;
  /** Lets another program take the folder. */
  release(): void;
}

/**
 * Takes a data folder for this process, creating it if need be (mode 0700).
 *
 * The lock is SQLite's exclusive lock on `lock.db`, which the kernel drops when the process ends, however it ends; `owner.json` beside it
 * only says who, for the message.
 *
 * @throws DATA_DIR_IN_USE naming folder and pid, while another holder lives
 */
export function acquireDataDir(dir: string): DataDir {
  const folder = path.resolve(dir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const owner = path.join(folder, 'owner.json');
  const lock = new DatabaseSync(path.join(folder, 'lock.db'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    throw errors.DATA_DIR_IN_USE({ dir: folder, pid: readPid(owner) }, { cause: error });
  }
  writeFileSync(owner, `${JSON.stringify({ pid: process.pid, startedAt: new Date().toISOString() })}\n`, {
    mode: 0o600,
  });
  return { path: folder, release: () => lock.close() };
}

function readPid(file: string): number | string {
  try {
    const held: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof held === 'object' && held !== null && 'pid' in held && typeof held.pid === 'number') return held.pid;
  } catch {
    // The other program has the lock but has not written its name yet.
  }
  return 'unknown';
}
