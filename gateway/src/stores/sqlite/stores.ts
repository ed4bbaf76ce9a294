import type { DatabaseSync } from 'node:sqlite';
import type { Stores } from '../stores.ts';
import { createRefreshStore, createUserStore } from './accounts.ts';
import { createArtefactRecords } from './artefacts.ts';
import { openDatabase } from './database.ts';
import { createEventStore, createPartialStore, createSessionStore } from './sessions.ts';

/** The stores of one replica, in one SQLite file. */
export function openSqliteStores(file: string): Stores {
  return storesOf(openDatabase(file));
}

export function storesOf(database: DatabaseSync): Stores {
  const check = database.prepare('SELECT 1');
  return {
    events: createEventStore(database),
    partials: createPartialStore(database),
    sessions: createSessionStore(database),
    users: createUserStore(database),
    refreshTokens: createRefreshStore(database),
    artefacts: createArtefactRecords(database),
    check() {
      check.get();
      return Promise.resolve();
    },
    close: () => database.close(),
  };
}
