import { keyOf, keyText, type KubeObject, type ObjectKey } from '../resource.ts';
import type { Change, Indexer, Store } from '../store.ts';
import { deepFreeze } from './freeze.ts';
import { createIndexes } from './indexes.ts';
import { isLater } from './versions.ts';

/** The store with the side on which a reflector feeds it. */
export interface ObjectStore<T extends KubeObject> extends Store<T> {
  /** Everything that happened up to this version is in the store; undefined before the first list. A watch goes on from here. */
  readonly version: string | undefined;
  /** Takes a whole list: what it lacks is gone. */
  replaceAll(items: readonly T[], version: string): void;
  /** Takes an event of a watch; doubled and late ones change nothing. */
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void;
  /** Takes a bookmark: nothing happened up to this version. */
  advance(version: string): void;
}

export interface ObjectStoreOptions<T extends KubeObject> {
  indexers?: Record<string, Indexer<T>> | undefined;
  transform?: ((object: T) => T) | undefined;
  /** Objects of other namespaces are not taken. */
  namespace?: string | undefined;
  /** Told of each change after it, of a list's changes after all of them. Must not throw. */
  onChange: (change: Change<T>) => void;
}

/**
 * Two sources speak of the same objects: the watch, in order, and answers to our own writes, at any time. The versions decide. What is
 * at or below the store's version was told by the watch already; an answer above it is ahead of the watch, is taken, and stays
 * `unconfirmed` until the watch has come as far. If the watch gets there without having told of it, the server's list does not contain
 * it (deleted, or a selector does not match), and it goes again. So the store ends up as the server's list whatever is noted, and
 * no answer, however late, brings back what the watch has seen go: whatever the watch has seen is later than it.
 */
export function createObjectStore<T extends KubeObject>(options: ObjectStoreOptions<T>): ObjectStore<T> {
  const objects = new Map<string, T>();
  const indexes = createIndexes(options.indexers ?? {});
  /** Versions of noted objects that the watch has not reached, by key. */
  const unconfirmed = new Map<string, string>();
  let observed: string | undefined;
  let listed: readonly T[] | undefined;

  const set = (key: string, after: T | undefined): Change<T> => {
    const before = objects.get(key);
    if (after) objects.set(key, after);
    else objects.delete(key);
    indexes.change(key, before, after);
    listed = undefined;
    return { key: keyOf((after ?? before) as T), before, after };
  };

  /** The change, if the object is news. */
  const put = (key: string, object: T): Change<T> | undefined => {
    const known = objects.get(key);
    if (known && !isLater(versionOf(object), versionOf(known))) return undefined;
    return set(key, prepare(object, options.transform));
  };

  const remove = (key: string, object: T): Change<T> | undefined => {
    const known = objects.get(key);
    // What is later was written by us after it had left: a successor of that name, or the same object that matches again.
    if (!known || isLater(versionOf(known), versionOf(object))) return undefined;
    return set(key, undefined);
  };

  /** What was noted and should have been told of by now is not in the server's list. */
  const dropOvertaken = (version: string): Change<T>[] => {
    const changes: Change<T>[] = [];
    for (const [key, noted] of unconfirmed) {
      if (isLater(noted, version)) continue;
      unconfirmed.delete(key);
      const known = objects.get(key);
      if (known && versionOf(known) === noted) changes.push(set(key, undefined));
    }
    return changes;
  };

  const emit = (changes: readonly (Change<T> | undefined)[]): void => {
    for (const change of changes) if (change) options.onChange(change);
  };

  return {
    get version() {
      return observed;
    },
    get size() {
      return objects.size;
    },
    get: (key: ObjectKey) => objects.get(keyText(key)),
    list: () => (listed ??= [...objects.values()]),
    byIndex: (index, value) => indexes.find(index, value),

    noteWritten(object) {
      const { namespace = '' } = object.metadata;
      if (options.namespace !== undefined && namespace !== options.namespace) return;
      // Before the first list nothing is known to be news.
      if (observed === undefined || !isLater(versionOf(object), observed)) return;
      const key = keyText(keyOf(object));
      const change = put(key, object);
      if (!change) return;
      unconfirmed.set(key, versionOf(object));
      emit([change]);
    },

    apply(type, object) {
      const version = versionOf(object);
      if (observed !== undefined && !isLater(version, observed)) return;
      observed = version;
      const key = keyText(keyOf(object));
      const noted = unconfirmed.get(key);
      if (noted !== undefined && !isLater(noted, version)) unconfirmed.delete(key);
      const change = type === 'DELETED' ? remove(key, object) : put(key, object);
      emit([change, ...dropOvertaken(version)]);
    },

    advance(version) {
      if (observed !== undefined && !isLater(version, observed)) return;
      observed = version;
      emit(dropOvertaken(version));
    },

    replaceAll(items, version) {
      // The server went back in time when its database was restored. Then only the list counts.
      const isRestored = observed !== undefined && isLater(observed, version);
      if (isRestored) unconfirmed.clear();
      observed = version;
      const changes: (Change<T> | undefined)[] = [];
      const there = new Set<string>();
      for (const item of items) {
        const key = keyText(keyOf(item));
        there.add(key);
        changes.push(isRestored ? set(key, prepare(item, options.transform)) : put(key, item));
      }
      for (const [key, noted] of unconfirmed) {
        if (isLater(noted, version)) there.add(key);
        else unconfirmed.delete(key);
      }
      for (const key of objects.keys()) if (!there.has(key)) changes.push(set(key, undefined));
      emit(changes);
    },
  };
}

function versionOf({ metadata }: KubeObject): string {
  return metadata.resourceVersion ?? '0';
}

/** What is stored of an object: without managedFields, transformed, frozen. */
function prepare<T extends KubeObject>(object: T, transform: ((object: T) => T) | undefined): T {
  const { managedFields: _, ...metadata } = object.metadata;
  const lean = { ...object, metadata };
  return deepFreeze(transform ? transform(lean) : lean);
}
