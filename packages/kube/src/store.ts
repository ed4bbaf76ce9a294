import type { KubeObject, ObjectKey } from './resource.ts';

/** The objects of one type as last heard of, by key and by index. Its objects are frozen: never change them. */
export interface Store<T extends KubeObject> {
  get(key: ObjectKey): T | undefined;
  list(): readonly T[];
  readonly size: number;
  /** Objects for which the index function named `index` gave `value`. */
  byIndex(index: string, value: string): readonly T[];
  /**
   * Takes the answer to a write of ours, so that the next decision sees it before the watch tells. What is not later than all that the
   * watch told is ignored: so an object whose deletion was seen never comes back. The parts of `object` are frozen.
   */
  noteWritten(object: T): void;
}

/** Gives the values under which an object is found. */
export type Indexer<T extends KubeObject> = (object: T) => readonly string[];

export interface Change<T extends KubeObject> {
  key: ObjectKey;
  /** Undefined when it is new. */
  before: T | undefined;
  /** Undefined when it is gone. */
  after: T | undefined;
}
