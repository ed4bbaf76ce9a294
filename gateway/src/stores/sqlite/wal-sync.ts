import { closeSync, fdatasync, openSync } from 'node:fs';

export interface WalSync {
  /** What is committed by now will be on the disk in a moment. Returns at once; many calls become one write. */
  soon(): void;
  close(): void;
}

/**
 * Brings commits to the disk off the event loop. With `synchronous=NORMAL` SQLite itself does so only at checkpoints, which may be
 * minutes apart; with FULL every fact would hold up every stream for as long as the disk takes. So a killed process loses nothing, and a
 * power cut what was said in the last milliseconds: frames of the write-ahead log carry checksums, a half-written one is not there
 * (https://sqlite.org/wal.html). No lock is lost by closing this descriptor: SQLite locks the database and `-shm`, never `-wal`.
 */
export function createWalSync(databaseFile: string): WalSync {
  let descriptor: number | undefined;
  let running = false;
  let wanted = false;
  let closed = false;

  const close = (): void => {
    closed = true;
    if (running || descriptor === undefined) return;
    closeSync(descriptor);
    descriptor = undefined;
  };
  const run = (): void => {
    // The file is there once something was committed.
    descriptor ??= openSync(`${databaseFile}-wal`, 'r+');
    running = true;
    wanted = false;
    // An error here shows again, to somebody who can be told, when SQLite checkpoints.
    fdatasync(descriptor, () => {
      running = false;
      if (closed) close();
      else if (wanted) run();
    });
  };
  return {
    soon() {
      wanted = true;
      if (!running && !closed) run();
    },
    close,
  };
}
