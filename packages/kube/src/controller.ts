import type { Informer } from './informer.ts';
import type { Log } from './log.ts';
import type { KubeMetrics } from './metrics/kube-metrics.ts';
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
  requestsFor(change: Change<T>): readonly ObjectKey[];
}

export interface ControllerOptions {
  name: string;
  reconcile: Reconcile;
  watches: readonly Watch[];
  /** Keys worked on at once; never one key twice. */
  concurrency?: number;
  /** Waits after failures of one key: from `baseMs`, doubling, to `maxMs`, half of it random. 100 ms to 2 min when left out. */
  backoff?: { baseMs: number; maxMs: number };
  /**
   * A change is looked at this much later, so that many that come together make one look; ms, at once when left out. For what
   * counts many objects and is in no hurry.
   */
  settleMs?: number;
  /** Every known key of the first watch is looked at this often, behind whatever changed. */
  resyncMs?: number;
  metrics?: KubeMetrics;
  log?: Log;
}

/** Runs one reconcile over whatever changes. */
export interface Controller {
  readonly name: string;
  readonly informers: readonly Informer<KubeObject>[];
  /** Keys that wait for a worker. */
  readonly depth: number;
  /** Starts its informers, waits until all are synced, and begins with every key they know. Resolves when it has begun. */
  start(): Promise<void>;
  /** Asks for a reconcile that no watch would ask for; with a delay, at the latest then. */
  enqueue(key: ObjectKey, delayMs?: number): void;
  /** Takes no more, gives the reconciles that run `drainMs` to finish (20 s when left out), then aborts them and waits. Informers stay. */
  close(options?: { drainMs?: number }): Promise<void>;
}
