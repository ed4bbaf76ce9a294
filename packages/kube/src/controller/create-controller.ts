import type { Controller, ControllerOptions, Watch } from '../controller.ts';
import { isConflict } from '../http/kube-error.ts';
import { defaultLog } from '../log.ts';
import type { ReconcileResult } from '../metrics/kube-metrics.ts';
import { createWorkQueue, type Priority } from '../queue/work-queue.ts';
import { keyFromText, keyText, type KubeObject, type ObjectKey } from '../resource.ts';
import type { Change } from '../store.ts';
import { wait } from '../time/wait.ts';

const ENQUEUE_FAILED = 'the requests that follow from a change could not be told; the change is missed until the next';

/** Makes a controller; it begins with `start()`, or when its manager leads. */
export function createController(options: ControllerOptions): Controller {
  const { name, reconcile, watches, concurrency = 8, settleMs = 0, resyncMs, metrics, log = defaultLog() } = options;
  const counted = metrics?.forController(name, concurrency);
  const observer = metrics?.forQueue(name);
  const queue = createWorkQueue({
    backoff: options.backoff ?? { baseMs: 100, maxMs: 120_000 },
    ...(observer && { observer }),
  });
  const aborting = new AbortController();
  const unsubscribe: (() => void)[] = [];
  let starting: Promise<void> | undefined;
  let workers: Promise<unknown> = Promise.resolve();
  let resyncTimer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const enqueue = (watch: Watch, change: Change<KubeObject>, priority: Priority): void => {
    try {
      for (const key of watch.requestsFor(change)) {
        if (priority === 'changed') queue.addAfter(keyText(key), settleMs);
        else queue.add(keyText(key), priority);
      }
    } catch (error) {
      log.error(
        { controller: name, resource: watch.informer.type.plural, key: keyText(change.key), err: error },
        ENQUEUE_FAILED,
      );
    }
  };

  /** Every object of a watch, as if it were new. */
  const enqueueAll = (watch: Watch): void => {
    for (const object of watch.informer.store.list()) {
      const { namespace = '', name } = object.metadata;
      enqueue(watch, { key: { namespace, name }, before: undefined, after: object }, 'resync');
    }
  };

  const work = async (): Promise<void> => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      await reconcileOne(key);
      queue.done(key);
    }
  };

  const reconcileOne = async (key: string): Promise<void> => {
    counted?.begun();
    const startedAt = performance.now();
    let ended: ReconcileResult = 'success';
    try {
      const { requeueAfterMs } = (await reconcile(keyFromText(key), aborting.signal)) ?? {};
      queue.forget(key);
      if (requeueAfterMs !== undefined) {
        ended = 'requeue_after';
        // Zero means again, behind whatever waits.
        if (requeueAfterMs > 0) queue.addAfter(key, requeueAfterMs);
        else queue.add(key);
      }
    } catch (error) {
      ended = 'error';
      if (!aborting.signal.aborted) tell(key, error);
      queue.addFailed(key);
    }
    counted?.ended(ended, performance.now() - startedAt);
  };

  const tell = (key: string, error: unknown): void => {
    const about = { controller: name, key, err: error };
    // Somebody else wrote first: the next look at the newer object is the remedy, and it is on its way.
    if (isConflict(error)) log.info(about, 'a reconcile met a conflict; it will be tried again');
    else log.error(about, 'a reconcile failed; it will be tried again');
  };

  const start = async (): Promise<void> => {
    if (isStopped()) return;
    for (const watch of watches) {
      unsubscribe.push(
        watch.informer.onChange((change) => enqueue(watch, change, watch.informer.isSynced ? 'changed' : 'resync')),
      );
    }
    await Promise.all(watches.map(({ informer }) => informer.start()));
    if (isStopped()) return;
    // What the informers had before we listened.
    for (const watch of watches) enqueueAll(watch);
    const [first] = watches;
    if (resyncMs !== undefined && first) resyncTimer = setInterval(() => enqueueAll(first), resyncMs);
    workers = Promise.all(Array.from({ length: concurrency }, work));
    log.info({ controller: name, concurrency }, 'the controller has begun');
  };
  const isStopped = (): boolean => isClosed;

  return {
    name,
    informers: watches.map(({ informer }) => informer),
    get depth() {
      return queue.depth;
    },
    start: () => (starting ??= start()),
    enqueue: (key: ObjectKey, delayMs = 0) => queue.addAfter(keyText(key), delayMs),
    async close({ drainMs = 20_000 } = {}) {
      isClosed = true;
      for (const stop of unsubscribe.splice(0)) stop();
      clearInterval(resyncTimer);
      queue.close();
      const drained = new AbortController();
      void workers.then(() => drained.abort());
      await wait(drainMs, drained.signal);
      aborting.abort(new Error(`The controller ${name} is closed.`));
      await workers;
    },
  };
}
