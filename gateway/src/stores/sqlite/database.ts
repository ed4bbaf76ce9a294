import { DatabaseSync } from 'node:sqlite';
import { errors } from '../../errors.ts';

/**
 * Opens the database file, and brings its schema up to date.
 *
 * `synchronous=NORMAL`: a commit does not wait for the disk (three milliseconds on a busy one, in which no stream would move);
 * `createWalSync` brings it there right after.
 */
export function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 5000, enableForeignKeyConstraints: true });
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;');
  migrate(database);
  return database;
}

/** Step n brings a database from version n to n + 1; a step that was released is never changed. */
const MIGRATIONS = [
  `
  CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    password_hash TEXT,
    created_at TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX users_email ON users (lower(email));

  CREATE TABLE refresh_tokens (
    hash TEXT PRIMARY KEY,
    family_id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at_ms INTEGER NOT NULL,
    used_at_ms INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);

  CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title TEXT,
    model TEXT,
    state TEXT NOT NULL,
    sandbox TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX sessions_of_owner ON sessions (owner_id, updated_at DESC, id DESC);
  CREATE INDEX sessions_active ON sessions (state) WHERE state <> 'idle';

  CREATE TABLE events (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (session_id, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE partials (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    partial TEXT NOT NULL,
    PRIMARY KEY (session_id, kind, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE artefacts (
    rowid INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    id TEXT NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL,
    record TEXT NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;
  CREATE INDEX artefacts_of_session ON artefacts (session_id, rowid, size_bytes);
  `,
];

function migrate(database: DatabaseSync): void {
  const row = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (row.user_version > MIGRATIONS.length) {
    throw new Error(
      `The database is of version ${row.user_version}; this program knows versions up to ${MIGRATIONS.length}.`,
    );
  }
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index < row.user_version) continue;
    transaction(database, () => database.exec(`${step}; PRAGMA user_version = ${index + 1}`));
  }
}

/** Runs `work` so that all of it is stored or nothing; a full disk becomes `DISK_FULL`. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  return guarded(() => {
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      // Some failures (a full disk among them) have rolled back already.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  });
}

/** Gives the errors of SQLite that mean something to a caller their code. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (resultOf(error) === SQLITE_FULL) throw errors.DISK_FULL({}, { errno: 'ENOSPC', cause: error });
    throw error;
  }
}

const SQLITE_FULL = 13;
const SQLITE_CONSTRAINT_FOREIGNKEY = 787;
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;
const SQLITE_CONSTRAINT_UNIQUE = 2067;

export function isDuplicate(error: unknown): boolean {
  const code = extendedResultOf(error);
  return code === SQLITE_CONSTRAINT_PRIMARYKEY || code === SQLITE_CONSTRAINT_UNIQUE;
}

export function isWithoutParent(error: unknown): boolean {
  return extendedResultOf(error) === SQLITE_CONSTRAINT_FOREIGNKEY;
}

/** The primary result code is in the low byte of the extended one. */
const resultOf = (error: unknown): number | undefined => {
  const code = extendedResultOf(error);
  return code === undefined ? undefined : code & 0xff;
};

function extendedResultOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined;
}
