import type { DatabaseSync } from 'node:sqlite';

/** One entry per version of the layout; each brings a database from the version before it to its own. */
const MIGRATIONS = [
  `CREATE TABLE sandboxes (name TEXT PRIMARY KEY, session TEXT NOT NULL UNIQUE, document TEXT NOT NULL) STRICT;
   CREATE TABLE workspaces (name TEXT PRIMARY KEY, owner TEXT) STRICT;`,
];

/** Brings a database up to date. Throws when a newer version of the program has written it. */
export function migrate(database: DatabaseSync): void {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000;');
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > MIGRATIONS.length) {
    throw new Error('The sandbox database was written by a newer version of Sandpiper; start that one.');
  }
  MIGRATIONS.slice(version).forEach((statements, index) => {
    database.exec(`BEGIN; ${statements} PRAGMA user_version = ${version + index + 1}; COMMIT;`);
  });
}
