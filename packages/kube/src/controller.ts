import type { Informer } from './informer.ts';
import type { KubeObject, ObjectKey } from './resource.ts';
import type { Change } from './store.ts';

/** What a reconcile says of the future: nothing, or when to look again at the latest. */
export interface Result {
  requeueAfterMs?: number;
}

/** Brings one object to what is wished. Level-based and idempotent: a request says which object, never what happened. */
export type Reconcile = (request: ObjectKey, signal: AbortSignal) => Promise<Result | undefined>;

export interface Watch<T extends KubeObject = KubeObject> {
  informer: Informer<T>;
  /** Requests that follow from a change. */
  requestsFor: (change: Change<T>) => readonly ObjectKey[];
}

export interface ControllerOptions {
  name: string;
  reconcile: Reconcile;
  watches: readonly Watch[];
  /** Keys worked on at once; never one key twice. */
  concurrency?: number;
  /** Every known key of the first watch is looked at this often, behind whatever changed. */
  resyncMs?: number;
}
