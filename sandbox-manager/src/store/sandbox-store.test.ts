import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sandboxSpec } from '@sandpiper/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSandboxStore, type SandboxStore } from './sandbox-store.ts';

let folder: string;
let file: string;
let store: SandboxStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
  file = join(folder, 'sandboxes.sqlite');
  store = openSandboxStore(file, Date.now);
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const create = () =>
  store.create({ name: 'sbx-one', sessionId: 'one', spec: sandboxSpec.parse({}), annotations: { a: '1' } });

describe('the store of sandboxes', () => {
  it('keeps resources over a restart, and goes on counting versions', () => {
    const created = create();
    store.workspaces.record('sbx-one', created.metadata.uid);
    store.close();
    store = openSandboxStore(file, Date.now);
    expect(store.findBySession('one')).toEqual(created);
    expect(store.findByUid(created.metadata.uid)).toEqual(created);
    expect(store.workspaces.list()).toEqual([{ name: 'sbx-one', ownerUid: created.metadata.uid }]);
    const next = store.patch('sbx-one', () => ({ spec: { operatingMode: 'Suspended' } }));
    expect(Number(next?.metadata.resourceVersion)).toBeGreaterThan(Number(created.metadata.resourceVersion));
  });

  it('refuses a status that was decided on an older version, and skips an equal one', () => {
    const { resourceVersion } = create().metadata;
    store.patch('sbx-one', () => ({ spec: { operatingMode: 'Suspended' } }));
    expect(store.writeStatus('sbx-one', resourceVersion, { restarts: 1 })).toBe('conflict');
    const fresh = store.get('sbx-one')?.metadata.resourceVersion ?? '';
    expect(store.writeStatus('sbx-one', fresh, { restarts: 1 })).toBe('written');
    const written = store.get('sbx-one')?.metadata.resourceVersion ?? '';
    expect(store.writeStatus('sbx-one', written, { restarts: 1 })).toBe('unchanged');
    expect(store.get('sbx-one')?.metadata.resourceVersion).toBe(written);
  });

  it('raises the generation with the wish only', () => {
    create();
    expect(store.patch('sbx-one', () => ({ annotations: { b: '2', a: undefined } }))?.metadata).toMatchObject({
      generation: 1,
      annotations: { b: '2' },
    });
    expect(store.patch('sbx-one', () => ({ spec: { operatingMode: 'Suspended' } }))?.metadata.generation).toBe(2);
    const before = store.get('sbx-one');
    expect(store.patch('sbx-one', () => ({ spec: { operatingMode: 'Suspended' } }))).toBe(before);
  });

  it('tells of every change in order, the removal last', () => {
    const told: (string | undefined)[] = [];
    const stop = store.onChange(({ sandbox }) => told.push(sandbox?.metadata.resourceVersion));
    create();
    create();
    store.requestDeletion('sbx-one');
    store.requestDeletion('sbx-one');
    store.remove('sbx-one');
    expect(told).toEqual(['1', '2', undefined]);
    stop();
    create();
    expect(told).toHaveLength(3);
  });

  it('names a stored resource that is not valid, and a database of a newer version', () => {
    create();
    store.close();
    const database = new DatabaseSync(file);
    database.exec(`UPDATE sandboxes SET document = json_set(document, '$.spec.operatingMode', 'Asleep')`);
    expect(() => openSandboxStore(file, Date.now)).toThrow(/sandbox sbx-one is not valid: spec.operatingMode/);
    database.exec('DELETE FROM sandboxes; PRAGMA user_version = 99');
    expect(() => openSandboxStore(file, Date.now)).toThrow(/newer version/);
    database.exec('PRAGMA user_version = 1');
    database.close();
    store = openSandboxStore(file, Date.now);
  });
});
