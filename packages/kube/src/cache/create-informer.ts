import type { Informer, InformerOptions } from '../informer.ts';
import { defaultLog } from '../log.ts';
import type { KubeObject } from '../resource.ts';
import type { Change, Indexer } from '../store.ts';
import { createObjectStore } from './object-store.ts';
import { reflect } from './reflector.ts';

/** Makes an informer; it begins with `start()`. Its store is there, and empty, at once. */
export function createInformer<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
  const { client, type, namespace, labelSelector, fieldSelector, log = defaultLog() } = options;
  const listeners = new Set<(change: Change<T>) => void>();
  const stopping = new AbortController();
  const synced = Promise.withResolvers<undefined>();
  // Nobody may be waiting for it.
  synced.promise.catch(() => undefined);
  let isSynced = false;
  let running: Promise<void> | undefined;

  const guarded = <A, R>(what: string, run: (argument: A) => R, otherwise: (argument: A) => R) => {
    return (argument: A): R => {
      try {
        return run(argument);
      } catch (error) {
        log.error({ err: error, resource: type.plural }, `${what} of the informer threw`);
        return otherwise(argument);
      }
    };
  };

  const { transform, indexers = {} } = options;
  const guardedIndexers: Record<string, Indexer<T>> = {};
  for (const [name, indexer] of Object.entries(indexers)) {
    guardedIndexers[name] = guarded(`The index ${name}`, indexer, () => []);
  }
  const store = createObjectStore<T>({
    namespace,
    indexers: guardedIndexers,
    transform: transform && guarded('The transform', transform, (object) => object),
    onChange: (change) => {
      for (const listener of listeners) guarded('A listener', listener, () => undefined)(change);
    },
  });

  return {
    type,
    store,
    get isSynced() {
      return isSynced;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    start() {
      running ??= reflect(
        {
          client,
          type,
          scope: {
            ...(namespace !== undefined && { namespace }),
            ...(labelSelector !== undefined && { labelSelector }),
            ...(fieldSelector !== undefined && { fieldSelector }),
          },
          store,
          inactivityMs: options.inactivityMs ?? 90_000,
          pageSize: options.pageSize ?? 500,
          backoff: options.backoff ?? { baseMs: 100, maxMs: 30_000 },
          log,
          onListed() {
            isSynced = true;
            synced.resolve(undefined);
          },
        },
        stopping.signal,
      );
      return synced.promise;
    },
    async close() {
      stopping.abort(new Error('The informer is closed.'));
      synced.reject(stopping.signal.reason);
      await running;
    },
  };
}
