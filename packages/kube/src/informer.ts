import type { KubeClient } from './client.ts';
import type { Log } from './log.ts';
import type { KubeObject, ResourceType } from './resource.ts';
import type { Change, Indexer, Store } from './store.ts';

export interface InformerOptions<T extends KubeObject> {
  client: KubeClient;
  type: ResourceType<T>;
  /** All namespaces when left out. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  indexers?: Record<string, Indexer<T>>;
  /** Drops what nobody reads before it is stored. `managedFields` are always dropped. */
  transform?: (object: T) => T;
  /** Silence, bookmarks included, after which the stream counts as dead. Bookmarks come about once a minute; 90 s when left out. */
  inactivityMs?: number;
  /** Objects asked for at once while listing; 500 when left out. */
  pageSize?: number;
  /** Waits between attempts: from `baseMs`, doubling, to `maxMs`, half of it random. 100 ms to 30 s when left out. */
  backoff?: { baseMs: number; maxMs: number };
  log?: Log;
}

/** Keeps a store like the server's list: paged list, then watch with bookmarks, and again whenever that breaks. */
export interface Informer<T extends KubeObject> {
  readonly type: ResourceType<T>;
  readonly store: Store<T>;
  /** True once the first list is in the store. */
  readonly isSynced: boolean;
  /** Calls back after each change of the store, `noteWritten` included; returns the way to stop. A listener that throws is logged. */
  onChange(listener: (change: Change<T>) => void): () => void;
  /** Begins; resolves when synced. */
  start(): Promise<void>;
  close(): Promise<void>;
}
