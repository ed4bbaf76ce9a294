import type { KubeObject } from '../resource.ts';
import type { Indexer } from '../store.ts';

/** Finds objects by the values that index functions give them. */
export interface Indexes<T extends KubeObject> {
  find(index: string, value: string): readonly T[];
  /** `before` and `after` are the same key's objects. */
  change(key: string, before: T | undefined, after: T | undefined): void;
}

type Buckets<T> = Map<string, Map<string, T>>;

export function createIndexes<T extends KubeObject>(indexers: Record<string, Indexer<T>>): Indexes<T> {
  const indexes = new Map<string, { valuesOf: Indexer<T>; buckets: Buckets<T> }>();
  for (const [name, valuesOf] of Object.entries(indexers)) indexes.set(name, { valuesOf, buckets: new Map() });

  return {
    find(name, value) {
      const index = indexes.get(name);
      if (!index) throw new TypeError(`There is no index named ${name}.`);
      return [...(index.buckets.get(value)?.values() ?? [])];
    },
    change(key, before, after) {
      for (const { valuesOf, buckets } of indexes.values()) {
        const values = after ? valuesOf(after) : [];
        for (const value of before ? valuesOf(before) : []) if (!values.includes(value)) drop(buckets, value, key);
        for (const value of values) if (after) put(buckets, value, key, after);
      }
    },
  };
}

function put<T>(buckets: Buckets<T>, value: string, key: string, object: T): void {
  const bucket = buckets.get(value);
  if (bucket) bucket.set(key, object);
  else buckets.set(value, new Map([[key, object]]));
}

function drop<T>(buckets: Buckets<T>, value: string, key: string): void {
  const bucket = buckets.get(value);
  bucket?.delete(key);
  if (bucket?.size === 0) buckets.delete(value);
}
