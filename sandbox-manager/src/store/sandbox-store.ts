import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import { FINALIZER, API_VERSION, labels, sandbox as sandboxSchema } from '@sandpiper/api';
import type { Sandbox, SandboxSpec, SandboxStatus } from '@sandpiper/api';
import { sessionOf } from '@sandpiper/sandboxes';
import { migrate } from './schema.ts';

/** What one host has instead of an API server: the Sandbox resources, with its rules about versions. */
export interface SandboxStore {
  get(name: string): Sandbox | undefined;
  findBySession(sessionId: string): Sandbox | undefined;
  findByUid(uid: string): Sandbox | undefined;
  list(): Sandbox[];
  /** Stores a new resource; the one that has the name already, if there is one. */
  create(request: { name: string; sessionId: string; spec: SandboxSpec; annotations: Record<string, string> }): Sandbox;
  /** Applies a change of the wish; the generation rises when the spec becomes another one. */
  patch(name: string, change: (current: Sandbox) => SandboxPatch): Sandbox | undefined;
  /** Writes the status unless somebody changed the resource after `resourceVersion`. */
  writeStatus(name: string, resourceVersion: string, status: SandboxStatus): 'written' | 'unchanged' | 'conflict';
  requestDeletion(name: string): Sandbox | undefined;
  /** Takes the resource out for good. */
  remove(name: string): void;
  /** Calls back after every change, in order, with what it is now; returns the way to stop. */
  onChange(listener: (change: StoreChange) => void): () => void;
  /** Who owns which workspace. Ownership is recorded before a workspace is made, and forgotten after it is deleted. */
  readonly workspaces: WorkspaceRecords;
  close(): void;
}

export interface SandboxPatch {
  spec?: Partial<SandboxSpec>;
  /** `undefined` removes one. */
  annotations?: Record<string, string | undefined>;
}

export interface StoreChange {
  name: string;
  sessionId: string;
  sandbox: Sandbox | undefined;
}

export interface WorkspaceRecords {
  /** `ownerUid` is null for one that outlives its sandbox. */
  record(name: string, ownerUid: string | null): void;
  find(name: string): { ownerUid: string | null } | undefined;
  list(): { name: string; ownerUid: string | null }[];
  forget(name: string): void;
}

/**
 * Opens the store; a resource that does not parse is named in the error.
 *
 * @param file  path of the database; made when absent
 * @param now  epoch ms
 */
export function openSandboxStore(file: string, now: () => number): SandboxStore {
  const database = new DatabaseSync(file);
  migrate(database);
  const byName = load(database);
  const bySession = new Map([...byName.values()].map((found) => [sessionOf(found), found.metadata.name]));
  const listeners = new Set<(change: StoreChange) => void>();

  const save = database.prepare('INSERT OR REPLACE INTO sandboxes (name, session, document) VALUES (?, ?, ?)');
  const drop = database.prepare('DELETE FROM sandboxes WHERE name = ?');
  let version = lastVersion(byName);

  const announce = (name: string, sessionId: string, sandbox: Sandbox | undefined): void => {
    for (const listener of [...listeners]) listener({ name, sessionId, sandbox });
  };
  const put = (next: Sandbox): Sandbox => {
    version += 1;
    const stored = { ...next, metadata: { ...next.metadata, resourceVersion: String(version) } };
    const { name } = stored.metadata;
    const session = sessionOf(stored);
    save.run(name, session, JSON.stringify(stored));
    byName.set(name, stored);
    bySession.set(session, name);
    announce(name, session, stored);
    return stored;
  };

  return {
    get: (name) => byName.get(name),
    findBySession(sessionId) {
      const name = bySession.get(sessionId);
      return name === undefined ? undefined : byName.get(name);
    },
    findByUid: (uid) => [...byName.values()].find((candidate) => candidate.metadata.uid === uid),
    list: () => [...byName.values()],

    create({ name, sessionId, spec, annotations }) {
      const existing = byName.get(name);
      if (existing) return existing;
      return put({
        apiVersion: API_VERSION,
        kind: 'Sandbox',
        metadata: {
          name,
          uid: randomUUID(),
          resourceVersion: '0',
          generation: 1,
          creationTimestamp: new Date(now()).toISOString(),
          labels: { [labels.session]: sessionId },
          annotations,
          finalizers: [FINALIZER],
        },
        spec,
      });
    },

    patch(name, change) {
      const current = byName.get(name);
      if (!current) return undefined;
      const patch = change(current);
      const spec = { ...current.spec, ...patch.spec };
      const annotations = merge(current.metadata.annotations, patch.annotations);
      const isSameSpec = isDeepStrictEqual(spec, current.spec);
      if (isSameSpec && isDeepStrictEqual(annotations, current.metadata.annotations ?? {})) return current;
      const generation = current.metadata.generation + (isSameSpec ? 0 : 1);
      return put({ ...current, spec, metadata: { ...current.metadata, annotations, generation } });
    },

    writeStatus(name, resourceVersion, status) {
      const current = byName.get(name);
      if (current?.metadata.resourceVersion !== resourceVersion) return 'conflict';
      if (isDeepStrictEqual(current.status, status)) return 'unchanged';
      put({ ...current, status });
      return 'written';
    },

    requestDeletion(name) {
      const current = byName.get(name);
      if (!current || current.metadata.deletionTimestamp !== undefined) return current;
      const deletionTimestamp = new Date(now()).toISOString();
      return put({ ...current, metadata: { ...current.metadata, deletionTimestamp } });
    },

    remove(name) {
      const current = byName.get(name);
      if (!current) return;
      drop.run(name);
      byName.delete(name);
      bySession.delete(sessionOf(current));
      announce(name, sessionOf(current), undefined);
    },

    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    workspaces: workspaceRecords(database),

    close() {
      listeners.clear();
      database.close();
    },
  };
}

function load(database: DatabaseSync): Map<string, Sandbox> {
  const rows = database.prepare('SELECT name, document FROM sandboxes').all() as { name: string; document: string }[];
  return new Map(
    rows.map(({ name, document }) => {
      const parsed = sandboxSchema.safeParse(JSON.parse(document));
      if (parsed.success) return [name, parsed.data];
      const issues = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
      throw new Error(`The stored sandbox ${name} is not valid: ${issues}.`);
    }),
  );
}

function lastVersion(sandboxes: ReadonlyMap<string, Sandbox>): number {
  return Math.max(0, ...[...sandboxes.values()].map((found) => Number(found.metadata.resourceVersion)));
}

function merge(
  current: Record<string, string> | undefined,
  patch: Record<string, string | undefined> | undefined,
): Record<string, string> {
  const merged = Object.entries({ ...current, ...patch }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(merged);
}

function workspaceRecords(database: DatabaseSync): WorkspaceRecords {
  const save = database.prepare('INSERT OR REPLACE INTO workspaces (name, owner) VALUES (?, ?)');
  const find = database.prepare('SELECT owner FROM workspaces WHERE name = ?');
  const list = database.prepare('SELECT name, owner FROM workspaces');
  const drop = database.prepare('DELETE FROM workspaces WHERE name = ?');
  return {
    record: (name, ownerUid) => void save.run(name, ownerUid),
    find(name) {
      const row = find.get(name) as { owner: string | null } | undefined;
      return row && { ownerUid: row.owner };
    },
    list: () =>
      (list.all() as { name: string; owner: string | null }[]).map(({ name, owner }) => ({ name, ownerUid: owner })),
    forget: (name) => void drop.run(name),
  };
}
