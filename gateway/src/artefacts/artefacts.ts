import type { Artefact } from '@sandpiper/protocol';

/** What was seen during a tool call, kept with retention limits. */
export interface ArtefactStore {
  put(sessionId: string, kind: Artefact['kind'], mimeType: string, bytes: Uint8Array, path?: string): Promise<Artefact>;
  /** Undefined when unknown, of another session, or past its retention. */
  get(sessionId: string, artefactId: string): Promise<{ artefact: Artefact; bytes: Uint8Array } | undefined>;
  deleteSession(sessionId: string): Promise<void>;
}
