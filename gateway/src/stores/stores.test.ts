import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import type { SessionEvent, SessionListChange } from '@sandpiper/protocol';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStoredArtefacts } from '../artefacts/stored-artefacts.ts';
import { createMemoryBus } from '../sessions/bus.ts';
import type { SessionFrame } from '../sessions/hub.ts';
import { createLiveHub, type LiveHub } from '../sessions/live-hub.ts';
import { acquireDataDir } from './data-dir.ts';
import { openDatabase } from './sqlite/database.ts';
import { createWalSync } from './sqlite/wal-sync.ts';
import { storesOf } from './sqlite/stores.ts';
import { SeqTaken, type Stores } from './stores.ts';

let folder: string;
let database: DatabaseSync;
let stores: Stores;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sandpiper-stores-'));
  const file = path.join(folder, 'test.db');
  database = openDatabase(file);
  stores = storesOf(database, createWalSync(file));
  await stores.users.create({
    id: 'u',
    email: 'u@example.org',
    name: 'u',
    kind: 'account',
    passwordHash: null,
    createdAt: '',
  });
  await stores.sessions.create({
    id: 's',
    ownerId: 'u',
    title: null,
    model: null,
    state: 'idle',
    sandbox: { phase: 'none' },
    lastSeq: 0,
    createdAt: '',
    updatedAt: '',
  });
});
afterEach(async () => {
  stores.close();
  await rm(folder, { recursive: true });
});

const titled = (seq: number, title = 't'): SessionEvent => ({
  seq,
  at: '',
  type: 'session.titled',
  title,
  by: 'agent',
});
const hubOf = (over: Stores): LiveHub =>
  createLiveHub({
    stores: over,
    frames: createMemoryBus<SessionFrame>(),
    listChanges: createMemoryBus<SessionListChange>(),
    log: pino({ level: 'silent' }),
  });

/** Lets the database take no page more than it has: what SQLite says then is what it says on a full disk. */
function fillDisk(): void {
  const { page_count: pages } = database.prepare('PRAGMA page_count').get() as { page_count: number };
  database.exec(`PRAGMA max_page_count = ${pages}`);
}

describe('the log', () => {
  test('takes a number once', async () => {
    await stores.events.append('s', titled(1));
    await expect(stores.events.append('s', titled(1))).rejects.toThrow(SeqTaken);
  });

  test('has no place for sessions that are not there', async () => {
    await expect(stores.events.append('none', titled(1))).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  });

  test('of two writers that do not know of each other nothing is lost', async () => {
    const [one, other] = [hubOf(stores), hubOf(stores)];
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        (index % 2 === 0 ? one : other).append('s', { type: 'session.titled', title: `t${index}`, by: 'agent' }),
      ),
    );
    const events = await stores.events.read('s', 0, 100);
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(new Set(events.map((event) => (event.type === 'session.titled' ? event.title : ''))).size).toBe(40);
    await Promise.all([one.close(), other.close()]);
  });

  test('a full disk is said so, and neither event nor record is half there', async () => {
    const hub = hubOf(stores);
    await hub.append('s', { type: 'session.titled', title: 'before', by: 'agent' });
    fillDisk();
    const long = 'x'.repeat(100_000);
    await expect(hub.append('s', { type: 'session.titled', title: long, by: 'agent' })).rejects.toMatchObject({
      code: 'DISK_FULL',
      extras: { errno: 'ENOSPC' },
    });
    expect(await stores.sessions.find('s')).toMatchObject({ title: 'before', lastSeq: 1 });
    expect(await hub.state('s')).toMatchObject({ title: 'before', seq: 1 });
    database.exec('PRAGMA max_page_count = 1000000');
    expect(await hub.append('s', { type: 'session.titled', title: 'after', by: 'agent' })).toMatchObject({ seq: 2 });
    await hub.close();
  });
});

describe('what is growing', () => {
  test('is forgotten when it is complete, also by those who missed the moment', async () => {
    const hub = hubOf(stores);
    hub.grow('s', { kind: 'text', id: 'm', runId: 'r', offset: 0, text: 'half' });
    await hub.state('s');
    await hub.close();
    expect(await stores.partials.read('s')).toMatchObject([{ id: 'm', text: 'half' }]);
    // As after a crash between the fact and the clearing up.
    await stores.events.append('s', {
      seq: 1,
      at: '',
      type: 'message.completed',
      messageId: 'm',
      runId: 'r',
      role: 'assistant',
      text: 'half',
      attachments: [],
      interrupted: true,
      demo: false,
    });
    const next = hubOf(stores);
    expect(await next.partials('s')).toEqual([]);
    await next.close();
  });

  test('of live output only the end is kept, whole characters, and the place of it is right', async () => {
    const hub = hubOf(stores);
    await hub.state('s');
    const piece = '😀'.repeat(5000) + '\n';
    let whole = '';
    for (let count = 0; count < 40; count++) {
      hub.grow('s', { kind: 'tool-output', id: 'c', runId: 'r', offset: whole.length, text: piece });
      whole += piece;
    }
    const [partial] = await hub.partials('s');
    expect(partial!.text.length).toBeLessThanOrEqual(256 * 1024);
    expect(partial!.offset).toBeGreaterThan(0);
    expect(partial!.text).toBe(whole.slice(partial!.offset));
    expect(partial!.text.isWellFormed()).toBe(true);
    await hub.close();
  });

  test('that comes late, after its end, is not brought back', async () => {
    const hub = hubOf(stores);
    await hub.append('s', { type: 'message.completed', messageId: 'm', runId: 'r', role: 'assistant', text: 'all' });
    hub.grow('s', { kind: 'text', id: 'm', runId: 'r', offset: 0, text: 'al' });
    expect(await hub.partials('s')).toEqual([]);
    await hub.close();
  });
});

describe('artefacts', () => {
  const limits = { maxCount: 3, maxBytes: 1000, maxBytesEach: 800 };
  const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7);

  test('come back as they were, to their own session only', async () => {
    const artefacts = createStoredArtefacts(stores.artefacts);
    const kept = await artefacts.put('s', 'file-after', 'text/plain', bytes(5), 'a.txt');
    expect(kept).toMatchObject({ kind: 'file-after', sizeBytes: 5, path: 'a.txt' });
    expect(await artefacts.get('s', kept.id)).toEqual({ artefact: kept, bytes: bytes(5) });
    expect(await artefacts.get('other', kept.id)).toBeUndefined();
  });

  test('beyond the number or the bytes of a session the oldest go', async () => {
    const artefacts = createStoredArtefacts(stores.artefacts, limits);
    const put = async (length: number): Promise<string> =>
      (await artefacts.put('s', 'terminal', 'text/plain', bytes(length))).id;
    const ids = [await put(1), await put(1), await put(1), await put(1)];
    const held = async (): Promise<boolean[]> =>
      Promise.all(ids.map(async (id) => (await artefacts.get('s', id)) !== undefined));
    expect(await held()).toEqual([false, true, true, true]);
    ids.push(await put(700), await put(700));
    expect(await held()).toEqual([false, false, false, false, false, true]);
  });

  test('one that is too large, or finds no room, leaves what is there', async () => {
    const artefacts = createStoredArtefacts(stores.artefacts, limits);
    const first = await artefacts.put('s', 'terminal', 'text/plain', bytes(10));
    await expect(artefacts.put('s', 'terminal', 'text/plain', bytes(801))).rejects.toMatchObject({
      code: 'ARTEFACT_TOO_LARGE',
    });
    fillDisk();
    const roomy = createStoredArtefacts(stores.artefacts);
    await expect(roomy.put('s', 'screenshot', 'image/png', bytes(500_000))).rejects.toMatchObject({
      code: 'DISK_FULL',
    });
    expect(await artefacts.get('s', first.id)).toBeDefined();
  });

  test('go with their session', async () => {
    const artefacts = createStoredArtefacts(stores.artefacts);
    const { id } = await artefacts.put('s', 'terminal', 'text/plain', bytes(1));
    await stores.sessions.delete('s');
    expect(await artefacts.get('s', id)).toBeUndefined();
  });
});

test('a database of a newer program is left alone', () => {
  const file = path.join(folder, 'newer.db');
  const newer = new DatabaseSync(file);
  newer.exec('PRAGMA user_version = 99');
  newer.close();
  expect(() => openDatabase(file)).toThrow(/version 99/);
});

describe('the data folder', () => {
  test('is one program’s, and says whose', () => {
    const dir = path.join(folder, 'data');
    const held = acquireDataDir(dir);
    expect(() => acquireDataDir(dir)).toThrow(
      `The data folder ${dir} is in use by another Sandpiper (pid ${process.pid}).`,
    );
    held.release();
    acquireDataDir(dir).release();
  });

  test('is free again when its program was killed', async () => {
    const dir = path.join(folder, 'killed');
    const source = fileURLToPath(new URL('./data-dir.ts', import.meta.url));
    const script = `import(${JSON.stringify(source)}).then(({ acquireDataDir }) => { globalThis.held = acquireDataDir(${JSON.stringify(dir)}); console.log('held'); setInterval(() => {}, 1000); })`;
    const other = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(other.stdout, 'data');
    expect(() => acquireDataDir(dir)).toThrow(`(pid ${other.pid})`);
    other.kill('SIGKILL');
    await once(other, 'exit');
    acquireDataDir(dir).release();
  });
});
