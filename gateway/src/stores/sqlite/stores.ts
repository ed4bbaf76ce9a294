import type { DatabaseSync } from 'node:sqlite';
import type { Stores } from '../stores.ts';
import { createRefreshStore, createUserStore } from './accounts.ts';
import { createArtefactRecords } from './artefacts.ts';
import { openDatabase } from './database.ts';
import { createWalSync, type WalSync } from './wal-sync.ts';
import { createEventStore, createPartialStore, createSessionStore } from './sessions.ts';

/** The stores of one replica, in one SQLite file. */
export function openSqliteStores(file: string): Stores {
  return storesOf(openDatabase(file), createWalSync(file));
}

/** The same over a database that is open already. */
export function storesOf(database: DatabaseSync, wal: WalSync): Stores {
  const check = database.prepare('SELECT 1');
  return {
    events: createEventStore(database, wal),
    partials: createPartialStore(database),
    sessions: createSessionStore(database),
    users: createUserStore(database, wal),
    refreshTokens: createRefreshStore(database),
    artefacts: createArtefactRecords(database),
    check() {
      check.get();
      return Promise.resolve();
    },
    close() {
      wal.close();
      database.close();
    },
  };
}
