import type { Artefact } from '@sandpiper/protocol';
import { errors } from '../errors.ts';
import { newId } from '../ids.ts';
import type { ArtefactRecords } from '../stores/stores.ts';
import type { ArtefactStore } from './artefacts.ts';

export interface ArtefactLimits {
  /** Per session; the oldest beyond them are dropped. */
  maxCount: number;
  maxBytes: number;
  maxBytesEach: number;
}

const LIMITS: ArtefactLimits = { maxCount: 500, maxBytes: 100 * 1024 * 1024, maxBytesEach: 8 * 1024 * 1024 };

/** Artefacts beside the log, within limits per session. `put` throws `ARTEFACT_TOO_LARGE`, `SESSION_NOT_FOUND`, `DISK_FULL`. */
export function createStoredArtefacts(
  records: ArtefactRecords,
  limits: ArtefactLimits = LIMITS,
  now: () => number = Date.now,
): ArtefactStore {
  return {
    async put(sessionId, kind, mimeType, bytes, path) {
      const sizeBytes = bytes.byteLength;
      if (sizeBytes > limits.maxBytesEach)
        throw errors.ARTEFACT_TOO_LARGE({ sizeBytes, limitBytes: limits.maxBytesEach });
      const artefact: Artefact = {
        id: newId('artefact'),
        kind,
        mimeType,
        sizeBytes,
        ...(path !== undefined && { path }),
      };
      await records.add({ ...artefact, sessionId, createdAtMs: now() }, bytes, limits);
      return artefact;
    },
    async get(sessionId, artefactId) {
      const held = await records.find(sessionId, artefactId);
      if (!held) return undefined;
      const { sessionId: _, createdAtMs: _at, ...artefact } = held.record;
      return { artefact, bytes: held.bytes };
    },
    deleteSession: (sessionId) => records.deleteSession(sessionId),
  };
}
