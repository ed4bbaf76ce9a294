import type { DatabaseSync } from 'node:sqlite';
import type { RefreshRecord, RefreshStore, UserRecord, UserStore } from '../stores.ts';
import { guarded, isDuplicate } from './database.ts';
import type { WalSync } from './wal-sync.ts';

interface UserRow {
  id: string;
  email: string;
  name: string;
  kind: string;
  password_hash: string | null;
  created_at: string;
}

export function createUserStore(database: DatabaseSync, wal: Pick<WalSync, 'soon'>): UserStore {
  const insert = database.prepare(
    'INSERT INTO users (id, email, name, kind, password_hash, created_at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const byId = database.prepare('SELECT * FROM users WHERE id = ?');
  const byEmail = database.prepare('SELECT * FROM users WHERE lower(email) = lower(?)');
  return {
    create({ id, email, name, kind, passwordHash, createdAt }) {
      try {
        guarded(() => insert.run(id, email, name, kind, passwordHash, createdAt));
        wal.soon();
        return Promise.resolve(true);
      } catch (error) {
        if (isDuplicate(error)) return Promise.resolve(false);
        throw error;
      }
    },
    find: (id) => Promise.resolve(userOf(byId.get(id) as UserRow | undefined)),
    findByEmail: (email) => Promise.resolve(userOf(byEmail.get(email) as UserRow | undefined)),
  };
}

function userOf(row: UserRow | undefined): UserRecord | undefined {
  return (
    row && {
      id: row.id,
      email: row.email,
      name: row.name,
      kind: row.kind as UserRecord['kind'],
      createdAt: row.created_at,
      passwordHash: row.password_hash,
    }
  );
}

interface RefreshRow {
  hash: string;
  family_id: string;
  user_id: string;
  expires_at_ms: number;
  used_at_ms: number | null;
}

export function createRefreshStore(database: DatabaseSync): RefreshStore {
  const insert = database.prepare(
    'INSERT INTO refresh_tokens (hash, family_id, user_id, expires_at_ms, used_at_ms) VALUES (?, ?, ?, ?, ?)',
  );
  const find = database.prepare('SELECT * FROM refresh_tokens WHERE hash = ?');
  const use = database.prepare('UPDATE refresh_tokens SET used_at_ms = ? WHERE hash = ? AND used_at_ms IS NULL');
  const revoke = database.prepare('DELETE FROM refresh_tokens WHERE family_id = ?');
  const prune = database.prepare('DELETE FROM refresh_tokens WHERE expires_at_ms < ?');
  return {
    create({ hash, familyId, userId, expiresAtMs, usedAtMs }) {
      guarded(() => insert.run(hash, familyId, userId, expiresAtMs, usedAtMs));
      return Promise.resolve();
    },
    find(hash) {
      const row = find.get(hash) as RefreshRow | undefined;
      return Promise.resolve(row && refreshOf(row));
    },
    use: (hash, atMs) => Promise.resolve(guarded(() => use.run(atMs, hash)).changes === 1),
    revokeFamily(familyId) {
      guarded(() => revoke.run(familyId));
      return Promise.resolve();
    },
    prune(nowMs) {
      guarded(() => prune.run(nowMs));
      return Promise.resolve();
    },
  };
}

const refreshOf = (row: RefreshRow): RefreshRecord => ({
  hash: row.hash,
  familyId: row.family_id,
  userId: row.user_id,
  expiresAtMs: row.expires_at_ms,
  usedAtMs: row.used_at_ms,
});
