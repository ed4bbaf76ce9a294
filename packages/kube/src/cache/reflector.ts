import type { KubeClient, ListOptions } from '../client.ts';
import { isGone, KubeError } from '../http/kube-error.ts';
import type { Log } from '../log.ts';
import type { KubeObject, ResourceType } from '../resource.ts';
import { backoffMs } from '../time/backoff.ts';
import { wait } from '../time/wait.ts';
import type { ObjectStore } from './object-store.ts';

export interface ReflectorOptions<T extends KubeObject> {
  client: Pick<KubeClient, 'list' | 'watch'>;
  type: ResourceType<T>;
  /** Namespace and selectors. */
  scope: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>;
  store: Pick<ObjectStore<T>, 'version' | 'replaceAll' | 'apply' | 'advance'>;
  inactivityMs: number;
  pageSize: number;
  backoff: { baseMs: number; maxMs: number };
  log: Log;
  onListed: () => void;
}

/** A watch that lasted this long, or brought anything, counts as a success: the next begins without waiting. */
const HEALTHY_MS = 10_000;
/** The server ends each watch after 5 to 10 minutes, so that load spreads over servers that came later. */
const WATCH_SECONDS = 300;

/**
 * Keeps a store like the server's list until the signal aborts: a list in pages, then one watch after the other from the last version
 * seen. Lists again only when the server no longer keeps that version. Never rejects: every failure is logged and tried again.
 */
export async function reflect<T extends KubeObject>(options: ReflectorOptions<T>, signal: AbortSignal): Promise<void> {
  const { store, log, backoff } = options;
  const resource = options.type.plural;
  let failures = 0;
  let mustList = true;

  while (!signal.aborted) {
    const outcome: Outcome = await attempt(options, mustList, signal);
    const { error, isHealthy } = outcome;
    mustList = outcome.mustList;
    if (isStopped(signal)) return;
    if (error === undefined) log.debug({ resource, version: store.version }, 'the watch ended');
    else
      log.warn({ resource, err: error, version: store.version, mustList }, 'the watch failed; it will be tried again');
    if (isHealthy) failures = 0;
    // An end that the server announced needs no pause; one that it makes at once, every time, does.
    if (isHealthy && error === undefined) continue;
    await wait(backoffMs(++failures, backoff), signal);
  }
}

interface Outcome {
  /** Why it ended, unless the server ended it in order. */
  error?: unknown;
  mustList: boolean;
  isHealthy: boolean;
}

/** A list, where one is due, and one watch. */
async function attempt<T extends KubeObject>(
  options: ReflectorOptions<T>,
  mustList: boolean,
  signal: AbortSignal,
): Promise<Outcome> {
  const news = { events: 0 };
  let startedAt = Infinity;
  const isHealthy = (): boolean => news.events > 0 || performance.now() - startedAt > HEALTHY_MS;
  try {
    if (mustList) {
      await listInto(options, signal);
      options.onListed();
    }
    startedAt = performance.now();
    await watchInto(options, news, signal);
    return { mustList: false, isHealthy: isHealthy() };
  } catch (error) {
    const hasListed = startedAt !== Infinity;
    return { error, mustList: hasListed ? needsList(error) : mustList, isHealthy: isHealthy() };
  }
}

async function listInto<T extends KubeObject>(
  { client, type, scope, store, pageSize, log }: ReflectorOptions<T>,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      // A list of a great many objects may take longer than the server keeps a version: the third attempt takes all at once.
      const limit = attempt < 3 ? { limit: pageSize } : {};
      let page = await client.list(type, { ...scope, ...limit, signal });
      // Of the first page: the others show the same moment.
      const version = page.metadata.resourceVersion;
      const items = page.items.map(light);
      while (page.metadata.continue) {
        page = await client.list(type, { ...scope, ...limit, continue: page.metadata.continue, signal });
        for (const item of page.items) items.push(light(item));
      }
      store.replaceAll(items, version);
      return;
    } catch (error) {
      if (!isGone(error) || attempt === 3) throw error;
      log.debug({ resource: type.plural, attempt }, 'the list expired between two pages; it starts again');
    }
  }
}

/** Without what no store keeps: a third of most objects, and all pages are held until the last has come. */
function light<T extends KubeObject>(item: T): T {
  item.metadata.managedFields = [];
  return item;
}

/** One watch, until the server ends it; counts its events in `news`. */
async function watchInto<T extends KubeObject>(
  { client, type, scope, store, inactivityMs }: ReflectorOptions<T>,
  news: { events: number },
  signal: AbortSignal,
): Promise<void> {
  const silence = new AbortController();
  // A connection whose other end vanished without a word stays open for ever; only bookmarks tell that somebody is there.
  const timer = setTimeout(() => silence.abort(silent(type, inactivityMs)), inactivityMs);
  try {
    const stream = client.watch(type, {
      ...scope,
      resourceVersion: store.version ?? '0',
      timeoutSeconds: Math.round(WATCH_SECONDS * (1 + Math.random())),
      signal: AbortSignal.any([signal, silence.signal]),
    });
    for await (const event of stream) {
      timer.refresh();
      news.events += 1;
      if (event.type === 'BOOKMARK') store.advance(event.object.metadata.resourceVersion);
      else store.apply(event.type, event.object);
    }
  } finally {
    clearTimeout(timer);
  }
}

function isStopped(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** The version is no longer kept, or lies in the future: the server's database was restored from a backup. */
function needsList(error: unknown): boolean {
  if (isGone(error)) return true;
  if (!(error instanceof KubeError)) return false;
  return error.details?.causes?.some(({ reason }) => reason === 'ResourceVersionTooLarge') ?? false;
}

function silent(type: ResourceType, inactivityMs: number): KubeError {
  return new KubeError(`The watch of ${type.plural} was silent for ${inactivityMs} ms, bookmarks included.`, {
    status: 0,
    reason: 'Timeout',
  });
}
