import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../resource.ts';
import type { Change } from '../store.ts';
import { createObjectStore } from './object-store.ts';

interface Thing extends KubeObject {
  colour?: string;
}

function thing(name: string, version: number, extra: { uid?: string; colour?: string } = {}): Thing {
  const { uid = `${name}-uid`, colour } = extra;
  return {
    apiVersion: 'v1',
    kind: 'Thing',
    metadata: { namespace: 'ns', name, uid, resourceVersion: String(version) },
    ...(colour !== undefined && { colour }),
  };
}

function createStore() {
  const changes: Change<Thing>[] = [];
  const store = createObjectStore<Thing>({
    indexers: { colour: ({ colour }) => (colour === undefined ? [] : [colour]) },
    onChange: (change) => changes.push(change),
  });
  const versions = (): Record<string, string | undefined> =>
    Object.fromEntries(store.list().map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
  return { store, changes, versions };
}

describe('object store', () => {
  it('takes an answer to our own write at once, and the same by the watch changes nothing', () => {
    const { store, changes, versions } = createStore();
    store.replaceAll([thing('a', 1)], '5');
    store.noteWritten(thing('a', 6));
    expect(versions()).toEqual({ a: '6' });
    store.apply('MODIFIED', thing('a', 6));
    expect(changes.map(({ after }) => after?.metadata.resourceVersion)).toEqual(['1', '6']);
  });

  it('is not taken back by events that are older than the answer', () => {
    const { store, versions } = createStore();
    store.replaceAll([thing('a', 1)], '5');
    store.noteWritten(thing('a', 9));
    store.apply('MODIFIED', thing('a', 7));
    expect(versions()).toEqual({ a: '9' });
  });

  it('never brings back what was seen to go, by event or by list', () => {
    const { store } = createStore();
    store.replaceAll([thing('a', 1), thing('b', 2)], '5');
    store.apply('DELETED', thing('a', 8));
    store.noteWritten(thing('a', 7));
    store.replaceAll([], '20');
    // Created, deleted, and only now answered: no event told of it, because the watch was broken.
    store.noteWritten(thing('c', 12));
    expect(store.size).toBe(0);
  });

  it('keeps what was written after the list was made', () => {
    const { store, versions } = createStore();
    store.replaceAll([], '5');
    store.noteWritten(thing('a', 12));
    store.replaceAll([], '10');
    expect(versions()).toEqual({ a: '12' });
  });

  it('lets go of what was noted and the watch does not tell of: a selector does not match it', () => {
    const { store, changes } = createStore();
    store.replaceAll([], '5');
    store.noteWritten(thing('a', 6));
    store.advance('7');
    expect(store.size).toBe(0);
    expect(changes.at(-1)).toMatchObject({ before: { metadata: { name: 'a' } }, after: undefined });

    store.noteWritten(thing('b', 8));
    store.apply('ADDED', thing('c', 9));
    expect(store.get({ namespace: 'ns', name: 'b' })).toBeUndefined();
  });

  it('keeps a noted successor when its predecessor is told to be gone', () => {
    const { store, changes } = createStore();
    store.replaceAll([thing('a', 1)], '5');
    store.noteWritten(thing('a', 7, { uid: 'second' }));
    store.apply('DELETED', thing('a', 6));
    store.apply('ADDED', thing('a', 7, { uid: 'second' }));
    expect(changes.map(({ after }) => after?.metadata.uid)).toEqual(['a-uid', 'second']);
  });

  it('takes an object back that left its selector and matches again', () => {
    const { store, versions } = createStore();
    store.replaceAll([thing('a', 1)], '5');
    store.apply('DELETED', thing('a', 6));
    store.apply('ADDED', thing('a', 7));
    expect(versions()).toEqual({ a: '7' });
  });

  it('tells of vanished objects after a list, when the store is complete', () => {
    const sizes: number[] = [];
    const store = createObjectStore<Thing>({ onChange: () => sizes.push(store.size) });
    store.replaceAll([thing('a', 1), thing('b', 2)], '5');
    store.replaceAll([thing('c', 8)], '9');
    expect(sizes).toEqual([2, 2, 1, 1, 1]);
  });

  it('believes the list when the server went back in time', () => {
    const { store, versions } = createStore();
    store.replaceAll([thing('a', 90), thing('b', 91)], '100');
    store.replaceAll([thing('a', 40)], '50');
    expect(versions()).toEqual({ a: '40' });
    store.apply('MODIFIED', thing('a', 51));
    expect(versions()).toEqual({ a: '51' });
  });

  it('compares versions as numbers', () => {
    const { store, versions } = createStore();
    store.replaceAll([thing('a', 9)], '9');
    store.apply('MODIFIED', thing('a', 10));
    expect(versions()).toEqual({ a: '10' });
  });

  it('finds by index, and no longer under the old value', () => {
    const { store } = createStore();
    store.replaceAll([thing('a', 1, { colour: 'red' }), thing('b', 2, { colour: 'red' })], '5');
    store.apply('MODIFIED', thing('a', 6, { colour: 'blue' }));
    store.apply('DELETED', thing('b', 7));
    expect(store.byIndex('colour', 'red')).toEqual([]);
    expect(store.byIndex('colour', 'blue').map(({ metadata }) => metadata.name)).toEqual(['a']);
    expect(() => store.byIndex('size', 'big')).toThrow('size');
  });

  it('drops managedFields, transforms, and freezes all through, without changing what it was given', () => {
    const store = createObjectStore<Thing>({
      onChange: () => undefined,
      transform: ({ colour: _, ...rest }) => rest,
    });
    const given = thing('a', 1, { colour: 'red' });
    given.metadata.managedFields = [{}];
    given.metadata.labels = { app: 'x' };
    store.replaceAll([given], '5');
    const [stored] = store.list();
    expect(stored).not.toHaveProperty('colour');
    expect(stored?.metadata).not.toHaveProperty('managedFields');
    expect(() => Object.assign(stored!.metadata.labels!, { app: 'y' })).toThrow(TypeError);
    expect(given).toHaveProperty('metadata.managedFields');
  });

  it('ends as the server, whatever is written, noted late, repeated, and listed again', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 80 }), convergesTo), { numRuns: 2000 });
  });
});

const name = fc.constantFrom('a', 'b', 'c');
const step = fc.oneof(
  // Somebody writes: creates, changes, or deletes what is there.
  { weight: 3, arbitrary: fc.record({ do: fc.constant('write' as const), name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), name }) },
  // The next event arrives.
  { weight: 3, arbitrary: fc.record({ do: fc.constant('event' as const) }) },
  // Any event so far once more.
  { weight: 1, arbitrary: fc.record({ do: fc.constant('repeat' as const), which: fc.nat() }) },
  // The answer to any write so far is noted.
  { weight: 3, arbitrary: fc.record({ do: fc.constant('note' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('bookmark' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('list' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A server of three names in memory: what a real one does to versions and uids, and nothing else. */
function convergesTo(steps: readonly Step[]): void {
  let version = 0;
  const server = new Map<string, Thing>();
  const log: { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: Thing }[] = [];
  const answers: Thing[] = [];
  let delivered = 0;

  const gone = new Set<string>();
  const newest = new Map<string, number>();
  const store = createObjectStore<Thing>({
    onChange({ before, after }) {
      const uid = after?.metadata.uid ?? '';
      if (before && before.metadata.uid !== uid && !isNotedOnly(before)) gone.add(before.metadata.uid ?? '');
      if (!after) return;
      // Nothing comes back, and nothing gets older.
      expect(gone).not.toContain(uid);
      expect(Number(after.metadata.resourceVersion)).toBeGreaterThan(newest.get(uid) ?? 0);
      newest.set(uid, Number(after.metadata.resourceVersion));
    },
  });
  const isNotedOnly = ({ metadata }: Thing): boolean => Number(metadata.resourceVersion) > Number(store.version);
  const list = (): void => {
    store.replaceAll([...server.values()], String(version));
    delivered = log.length;
  };
  const deliver = (): void => {
    const event = log[delivered];
    if (!event) return;
    delivered += 1;
    store.apply(event.type, event.object);
  };
  list();

  for (const each of steps) {
    switch (each.do) {
      case 'write': {
        const before = server.get(each.name);
        version += 1;
        const object = thing(each.name, version, { uid: before?.metadata.uid ?? `${each.name}-${version}` });
        server.set(each.name, object);
        answers.push(object);
        log.push({ type: before ? 'MODIFIED' : 'ADDED', object });
        break;
      }
      case 'delete': {
        const before = server.get(each.name);
        if (!before) break;
        version += 1;
        server.delete(each.name);
        const { uid = '' } = before.metadata;
        log.push({ type: 'DELETED', object: thing(each.name, version, { uid }) });
        break;
      }
      case 'event':
        deliver();
        break;
      case 'repeat': {
        const event = delivered > 0 ? log[each.which % delivered] : undefined;
        if (event) store.apply(event.type, event.object);
        break;
      }
      case 'note': {
        const answer = answers.length > 0 ? answers[each.which % answers.length] : undefined;
        if (answer) store.noteWritten(answer);
        break;
      }
      case 'bookmark':
        if (delivered === log.length) store.advance(String(version));
        break;
      case 'list':
        list();
    }
  }
  while (delivered < log.length) deliver();
  store.advance(String(version + 1));

  const state = (things: Iterable<Thing>): unknown =>
    [...things].map(({ metadata }) => [metadata.name, metadata.uid, metadata.resourceVersion]).sort();
  expect(state(store.list())).toEqual(state(server.values()));
}
