import type { Artefact, Delta, ModelRef, SandboxState, SessionEvent, SessionSummary, User } from '@sandpiper/protocol';

/*
 * What the gateway keeps. The log is the truth; a session's record is what the list shows of it, written in the same
 * transaction. Every method may throw `DISK_FULL`, and has then written nothing.
 */

/** Another writer has appended an event of that number first: read what it wrote, and try the next. */
export class SeqTaken extends Error {
  override readonly name = 'SeqTaken';
}

export interface SessionRecord {
  id: string;
  ownerId: string;
  title: string | null;
  model: ModelRef | null;
  state: SessionSummary['state'];
  sandbox: SandboxState;
  lastSeq: number;
  createdAt: string;
  updatedAt: string;
}

/** What events change in the record of their session. */
export type RecordChanges = Partial<Pick<SessionRecord, 'title' | 'model' | 'state' | 'sandbox' | 'updatedAt'>>;

export interface EventStore {
  /**
   * Appends an event and changes the record of its session, both or neither.
   * Throws `SeqTaken`, and `SESSION_NOT_FOUND` where there is no such session.
   */
  append(sessionId: string, event: SessionEvent, changes?: RecordChanges): Promise<void>;
  /** Events after `afterSeq`, in order, at most `limit`. */
  read(sessionId: string, afterSeq: number, limit: number): Promise<SessionEvent[]>;
}

/** What was growing in a session when it was last looked at, so that a crash loses a second of it at most. */
export interface PartialStore {
  put(partials: readonly { sessionId: string; partial: Delta }[]): Promise<void>;
  read(sessionId: string): Promise<Delta[]>;
  remove(sessionId: string, keys: readonly Pick<Delta, 'kind' | 'id'>[]): Promise<void>;
}

export interface SessionStore {
  create(record: SessionRecord): Promise<void>;
  find(id: string): Promise<SessionRecord | undefined>;
  /** Latest change first. `cursor` is the `nextCursor` of the page before; one that was not ours starts anew. */
  list(
    ownerId: string,
    page: { cursor?: string; limit: number },
  ): Promise<{ items: SessionRecord[]; nextCursor: string | null }>;
  /** Sessions whose record says that a run has not ended. */
  listActive(): Promise<SessionRecord[]>;
  /** Sessions whose record says that they have a computer, in whatever phase. */
  listWithComputer(): Promise<SessionRecord[]>;
  /** Of everybody's sessions. */
  listIds(): Promise<string[]>;
  /** With its events, partials and artefacts. */
  delete(id: string): Promise<void>;
}

export interface UserRecord extends User {
  /** PHC string of argon2id; null for the local person, who has no password. */
  passwordHash: string | null;
}

export interface UserStore {
  /** False when the e-mail address is taken. */
  create(user: UserRecord): Promise<boolean>;
  find(id: string): Promise<UserRecord | undefined>;
  /** Without regard to case. */
  findByEmail(email: string): Promise<UserRecord | undefined>;
}

/** One refresh token; all that descend from one sign-in are a family. Only hashes are kept. */
export interface RefreshRecord {
  hash: string;
  familyId: string;
  userId: string;
  /** Epoch ms, as the next one. */
  expiresAtMs: number;
  usedAtMs: number | null;
}

export interface RefreshStore {
  create(record: RefreshRecord): Promise<void>;
  find(hash: string): Promise<RefreshRecord | undefined>;
  /** False when it was used before; then nothing changes. */
  use(hash: string, atMs: number): Promise<boolean>;
  revokeFamily(familyId: string): Promise<void>;
  prune(nowMs: number): Promise<void>;
}

export interface ArtefactRecord extends Artefact {
  sessionId: string;
  createdAtMs: number;
}

export interface ArtefactRecords {
  /** Adds one and drops the oldest of its session beyond the limits, in one step. */
  add(record: ArtefactRecord, bytes: Uint8Array, limits: { maxCount: number; maxBytes: number }): Promise<void>;
  find(sessionId: string, id: string): Promise<{ record: ArtefactRecord; bytes: Uint8Array } | undefined>;
  deleteSession(sessionId: string): Promise<void>;
}

export interface Stores {
  events: EventStore;
  partials: PartialStore;
  sessions: SessionStore;
  users: UserStore;
  refreshTokens: RefreshStore;
  artefacts: ArtefactRecords;
  /** Throws when the store does not answer; for `/readyz`. */
  check(): Promise<void>;
  close(): void;
}
