import type { DatabaseSync } from 'node:sqlite';
import { errors } from '../../errors.ts';
import type { ArtefactRecord, ArtefactRecords } from '../stores.ts';
import { isWithoutParent, transaction } from './database.ts';

/** Bytes lie in the database, not in files beside it: an artefact and its record come and go in one transaction. */
export function createArtefactRecords(database: DatabaseSync): ArtefactRecords {
  const insert = database.prepare(
    'INSERT INTO artefacts (session_id, id, size_bytes, record, bytes) VALUES (?, ?, ?, ?, ?)',
  );
  // Counted from the newest: whatever lies beyond a limit goes. The newest stays, however large.
  const drop = database.prepare(`
    DELETE FROM artefacts WHERE rowid IN (
      SELECT rowid FROM (
        SELECT rowid, row_number() OVER newest AS place, sum(size_bytes) OVER newest AS total
        FROM artefacts WHERE session_id = ? WINDOW newest AS (ORDER BY rowid DESC)
      ) WHERE place > 1 AND (place > ? OR total > ?)
    )`);
  const find = database.prepare('SELECT record, bytes FROM artefacts WHERE session_id = ? AND id = ?');
  const remove = database.prepare('DELETE FROM artefacts WHERE session_id = ?');
  return {
    async add(record, bytes, { maxCount, maxBytes }) {
      try {
        transaction(database, () => {
          insert.run(record.sessionId, record.id, record.sizeBytes, JSON.stringify(record), bytes);
          drop.run(record.sessionId, maxCount, maxBytes);
        });
      } catch (error) {
        if (isWithoutParent(error)) throw errors.SESSION_NOT_FOUND({ id: record.sessionId });
        throw error;
      }
      return Promise.resolve();
    },
    find(sessionId, id) {
      const row = find.get(sessionId, id) as { record: string; bytes: Uint8Array } | undefined;
      return Promise.resolve(row && { record: JSON.parse(row.record) as ArtefactRecord, bytes: row.bytes });
    },
    deleteSession(sessionId) {
      transaction(database, () => remove.run(sessionId));
      return Promise.resolve();
    },
  };
}
