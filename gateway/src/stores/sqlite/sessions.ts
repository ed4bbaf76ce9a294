import type { DatabaseSync } from 'node:sqlite';
import type { Delta, SessionEvent } from '@sandpiper/protocol';
import { errors } from '../../errors.ts';
import {
  SeqTaken,
  type EventStore,
  type PartialStore,
  type RecordChanges,
  type SessionRecord,
  type SessionStore,
} from '../stores.ts';
import { guarded, isDuplicate, isWithoutParent, transaction } from './database.ts';
import type { WalSync } from './wal-sync.ts';

export function createEventStore(database: DatabaseSync, wal: Pick<WalSync, 'soon'>): EventStore {
  const insert = database.prepare('INSERT INTO events (session_id, seq, event) VALUES (?, ?, ?)');
  const after = database.prepare('SELECT event FROM events WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ?');
  const change = changeRecord(database);
  return {
    async append(sessionId, event, changes) {
      try {
        transaction(database, () => {
          insert.run(sessionId, event.seq, JSON.stringify(event));
          if (changes) change(sessionId, changes);
        });
        wal.soon();
      } catch (error) {
        if (isDuplicate(error)) throw new SeqTaken(`Event ${event.seq} of ${sessionId} is taken.`, { cause: error });
        if (isWithoutParent(error)) throw errors.SESSION_NOT_FOUND({ id: sessionId });
        throw error;
      }
      return Promise.resolve();
    },
    read(sessionId, afterSeq, limit) {
      const rows = after.all(sessionId, afterSeq, limit) as { event: string }[];
      return Promise.resolve(rows.map((row) => JSON.parse(row.event) as SessionEvent));
    },
  };
}

/** What is left out of `changes` stays; `title` and `model` may become null. */
function changeRecord(database: DatabaseSync): (id: string, changes: RecordChanges) => void {
  const update = database.prepare(`
    UPDATE sessions SET
      title = CASE WHEN ?1 THEN ?2 ELSE title END,
      model = CASE WHEN ?3 THEN ?4 ELSE model END,
      state = coalesce(?5, state),
      sandbox = coalesce(?6, sandbox),
      updated_at = coalesce(?7, updated_at)
    WHERE id = ?8`);
  return (id, { title, model, state, sandbox, updatedAt }) => {
    update.run(
      title === undefined ? 0 : 1,
      title ?? null,
      model === undefined ? 0 : 1,
      model ? JSON.stringify(model) : null,
      state ?? null,
      sandbox ? JSON.stringify(sandbox) : null,
      updatedAt ?? null,
      id,
    );
  };
}

export function createPartialStore(database: DatabaseSync): PartialStore {
  // The session may have been deleted since: then there is nothing to keep.
  const upsert = database.prepare(`
    INSERT INTO partials (session_id, kind, id, partial)
    SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM sessions WHERE id = ?1)
    ON CONFLICT (session_id, kind, id) DO UPDATE SET partial = excluded.partial`);
  const select = database.prepare('SELECT partial FROM partials WHERE session_id = ?');
  const remove = database.prepare('DELETE FROM partials WHERE session_id = ? AND kind = ? AND id = ?');
  return {
    put(partials) {
      transaction(database, () => {
        for (const { sessionId, partial } of partials) {
          upsert.run(sessionId, partial.kind, partial.id, JSON.stringify(partial));
        }
      });
      return Promise.resolve();
    },
    read(sessionId) {
      const rows = select.all(sessionId) as { partial: string }[];
      return Promise.resolve(rows.map((row) => JSON.parse(row.partial) as Delta));
    },
    remove(sessionId, keys) {
      transaction(database, () => {
        for (const { kind, id } of keys) remove.run(sessionId, kind, id);
      });
      return Promise.resolve();
    },
  };
}

interface SessionRow {
  id: string;
  owner_id: string;
  title: string | null;
  model: string | null;
  state: string;
  sandbox: string;
  created_at: string;
  updated_at: string;
  last_seq: number;
}

const COLUMNS = `id, owner_id, title, model, state, sandbox, created_at, updated_at,
  (SELECT coalesce(max(seq), 0) FROM events WHERE session_id = sessions.id) AS last_seq`;

export function createSessionStore(database: DatabaseSync): SessionStore {
  const insert = database.prepare(
    'INSERT INTO sessions (id, owner_id, title, model, state, sandbox, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const find = database.prepare(`SELECT ${COLUMNS} FROM sessions WHERE id = ?`);
  const list = database.prepare(`
    SELECT ${COLUMNS} FROM sessions WHERE owner_id = ? AND (updated_at, id) < (?, ?)
    ORDER BY updated_at DESC, id DESC LIMIT ?`);
  const active = database.prepare(`SELECT ${COLUMNS} FROM sessions WHERE state <> 'idle' ORDER BY updated_at`);
  const withComputer = database.prepare(`SELECT ${COLUMNS} FROM sessions WHERE sandbox ->> 'phase' <> 'none'`);
  const ids = database.prepare('SELECT id FROM sessions');
  const remove = database.prepare('DELETE FROM sessions WHERE id = ?');
  return {
    create(record) {
      const { id, ownerId, title, model, state, sandbox, createdAt, updatedAt } = record;
      const modelText = model ? JSON.stringify(model) : null;
      guarded(() => insert.run(id, ownerId, title, modelText, state, JSON.stringify(sandbox), createdAt, updatedAt));
      return Promise.resolve();
    },
    find(id) {
      const row = find.get(id) as SessionRow | undefined;
      return Promise.resolve(row && recordOf(row));
    },
    list(ownerId, { cursor, limit }) {
      const [updatedAt, id] = decodeCursor(cursor);
      const rows = list.all(ownerId, updatedAt, id, limit + 1) as unknown as SessionRow[];
      const items = rows.slice(0, limit).map(recordOf);
      const last = items.at(-1);
      return Promise.resolve({ items, nextCursor: rows.length > limit && last ? encodeCursor(last) : null });
    },
    listActive() {
      return Promise.resolve((active.all() as unknown as SessionRow[]).map(recordOf));
    },
    listWithComputer() {
      return Promise.resolve((withComputer.all() as unknown as SessionRow[]).map(recordOf));
    },
    listIds() {
      return Promise.resolve(ids.all().map((row) => String(row['id'])));
    },
    delete(id) {
      transaction(database, () => remove.run(id));
      return Promise.resolve();
    },
  };
}

function recordOf(row: SessionRow): SessionRecord {
  return {
    id: row.id,
    ownerId: row.owner_id,
    title: row.title,
    model: row.model === null ? null : (JSON.parse(row.model) as SessionRecord['model']),
    state: row.state as SessionRecord['state'],
    sandbox: JSON.parse(row.sandbox) as SessionRecord['sandbox'],
    lastSeq: row.last_seq,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Above every ISO time. */
const BEGINNING: [string, string] = ['~', '~'];

function encodeCursor({ updatedAt, id }: SessionRecord): string {
  return Buffer.from(JSON.stringify([updatedAt, id])).toString('base64url');
}

function decodeCursor(cursor: string | undefined): [string, string] {
  if (cursor === undefined) return BEGINNING;
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'string')
      return [value[0], value[1]];
  } catch {
    // Not one of ours: the list begins anew, as the interface says.
  }
  return BEGINNING;
}
