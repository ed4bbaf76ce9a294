import { events, type Event } from '../builtin/resources.ts';
import type { KubeClient, NewObject } from '../client.ts';
import { isNotFound, isUnanswered, KubeError } from '../http/kube-error.ts';
import { defaultLog, type Log } from '../log.ts';
import type { KubeObject } from '../resource.ts';
import { microTime } from '../time/micro-time.ts';
import { wait } from '../time/wait.ts';
import { createEventBudget } from './event-budget.ts';

/** What happened to an object, for people who ask `kubectl describe` or `kubectl events`. */
export interface EventNote {
  regarding: KubeObject;
  /** Another object that has to do with it. */
  related?: KubeObject;
  type: 'Normal' | 'Warning';
  /** Why, in one word in CamelCase. */
  reason: string;
  /** What the controller did or tried, in CamelCase. */
  action: string;
  /** For people; cut off after 1 kB. */
  note: string;
}

export interface EventRecorder {
  /** Returns at once and never throws; an event that cannot be written is lost, with a line in the log. */
  record(note: EventNote): void;
  /** Writes what is waiting, counts of repetitions included; resolves when nothing is left, or after 10 s. */
  flush(): Promise<void>;
  /** Flushes and stops. */
  close(): Promise<void>;
}

export interface EventRecorderOptions {
  client: KubeClient;
  /** Like `example.com/pool-controller`. */
  controller: string;
  /** Of this process. */
  instance: string;
  /** The same again within this time is counted and makes no new event; 6 min when left out. */
  windowMs?: number;
  /** How often counts are written; 60 s when left out. */
  seriesEveryMs?: number;
  /** New events of one object: this many at once, and one more every `refillMs`; 25 and 5 min when left out. */
  budget?: { burst: number; refillMs: number };
  log?: Log;
}

/** One kind of happening, and how often it was seen. */
interface Series {
  identity: string;
  name: string;
  namespace: string;
  note: EventNote;
  firstAt: number;
  lastAt: number;
  count: number;
  /** The count that the server knows; 0 before the event was created. */
  written: number;
  isQueued: boolean;
}

/** More waiting writes than this are dropped: somebody floods, or the server is gone. */
const MAX_WAITING = 1000;
const MAX_NOTE_CHARS = 1000;
const FLUSH_MS = 10_000;
/** After a write, so many times as long as it took is left to others. */
const PAUSES = 3;
/** With so many waiting there are no pauses: late is better than lost. */
const MANY_WAITING = MAX_WAITING / 2;
const MAX_PAUSE_MS = 250;

/** Records events.k8s.io/v1 events with few writes: repetitions are counted, and their counts written now and then. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, log = defaultLog(), windowMs = 6 * 60_000, seriesEveryMs = 60_000 } = options;
  const budget = createEventBudget(options.budget ?? { burst: 25, refillMs: 5 * 60_000 });
  const known = new Map<string, Series>();
  const waiting: Series[] = [];
  const stopping = new AbortController();
  /** Aborted while somebody waits for all to be written. */
  let hurrying = new AbortController();
  let writing: Promise<void> | undefined;
  /** Said once, until all that waited is written: a line for each would be a flood of its own. */
  let isDropping = false;
  const timer = setInterval(() => tidy(Date.now()), seriesEveryMs);
  timer.unref();

  const enqueue = (series: Series): void => {
    if (series.isQueued) return;
    if (waiting.length >= MAX_WAITING) {
      if (!isDropping) log.warn({ waiting: waiting.length }, 'events are dropped, because too many wait to be written');
      isDropping = true;
      return;
    }
    series.isQueued = true;
    waiting.push(series);
    writing ??= writeAll().finally(() => (writing = undefined));
  };

  /** One after the other, with pauses that grow with what the server has to do: events are never worth a burst of requests. */
  const writeAll = async (): Promise<void> => {
    for (let series = waiting.shift(); series && !stopping.signal.aborted; series = waiting.shift()) {
      series.isQueued = false;
      const startedAt = performance.now();
      await write(series);
      const pauseMs = Math.min(MAX_PAUSE_MS, PAUSES * (performance.now() - startedAt));
      if (waiting.length === 0) isDropping = false;
      else if (waiting.length < MANY_WAITING) await wait(pauseMs, hurrying.signal);
    }
  };

  const write = async (series: Series): Promise<void> => {
    const { count, lastAt } = series;
    if (count <= series.written) return;
    for (let attempt = 1; ; attempt++) {
      try {
        if (series.written === 0) await create(series, count);
        else await recount(series, count, lastAt);
        series.written = count;
        return;
      } catch (error) {
        const { namespace, note } = series;
        if (isRefused(error) || attempt === 3 || stopping.signal.aborted) {
          log.warn({ namespace, reason: note.reason, err: error }, 'an event could not be written');
          // When it happens again, it is new.
          known.delete(series.identity);
          return;
        }
        await wait(1000 * attempt, stopping.signal);
      }
    }
  };

  const create = (series: Series, count: number) =>
    client.create(events.events, eventOf(series, count, options), { signal: stopping.signal });

  const recount = async (series: Series, count: number, lastAt: number): Promise<void> => {
    const body = { series: { count, lastObservedTime: microTime(lastAt) } };
    try {
      await client.patch(events.events, series, { type: 'merge', body }, { signal: stopping.signal });
    } catch (error) {
      // Events live an hour; a series may outlive its event.
      if (!isNotFound(error)) throw error;
      await create(series, count);
    }
  };

  /** Writes the counts that changed, and forgets what has not happened again for a while. */
  const tidy = (now: number): void => {
    for (const [identity, series] of known) {
      if (series.count > series.written && series.written > 0) enqueue(series);
      if (now - series.lastAt >= windowMs) known.delete(identity);
    }
    budget.tidy();
  };

  const record = (note: EventNote): void => {
    if (stopping.signal.aborted) return;
    const identity = identityOf(note);
    const now = Date.now();
    const series = known.get(identity);
    if (series && now - series.lastAt < windowMs) {
      series.count += 1;
      series.lastAt = now;
      return;
    }
    const { uid = '', namespace = '' } = note.regarding.metadata;
    if (!budget.take(uid)) {
      log.debug({ reason: note.reason, uid }, 'an event was dropped, because its object has had too many');
      return;
    }
    const fresh: Series = {
      identity,
      name: `${note.regarding.metadata.name.slice(0, 200)}.${nameSuffix()}`,
      namespace: namespace === '' ? 'default' : namespace,
      note,
      firstAt: now,
      lastAt: now,
      count: 1,
      written: 0,
      isQueued: false,
    };
    known.set(identity, fresh);
    enqueue(fresh);
  };

  const flush = async (): Promise<void> => {
    for (const series of known.values()) if (series.count > series.written) enqueue(series);
    const done = new AbortController();
    hurrying.abort();
    void (writing ?? Promise.resolve()).then(() => done.abort());
    await wait(FLUSH_MS, done.signal);
    hurrying = new AbortController();
  };

  return {
    record(note) {
      try {
        record(note);
      } catch (error) {
        log.error({ err: error }, 'an event could not be recorded');
      }
    },
    flush,
    async close() {
      clearInterval(timer);
      await flush();
      stopping.abort(new Error('The event recorder is closed.'));
      await writing;
    },
  };
}

function identityOf({ regarding, type, reason, action, note }: EventNote): string {
  return JSON.stringify([regarding.metadata.uid, regarding.kind, regarding.metadata.name, type, reason, action, note]);
}

let lastSuffix = 0;
/** As client-go names events: a number that grows with time. */
function nameSuffix(): string {
  lastSuffix = Math.max(lastSuffix + 1, Date.now() * 1000);
  return lastSuffix.toString(16);
}

function eventOf(
  { name, namespace, note: { regarding, related, type, reason, action, note }, firstAt, lastAt }: Series,
  count: number,
  { controller, instance }: EventRecorderOptions,
): NewObject<Event> {
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { namespace, name },
    eventTime: microTime(firstAt),
    type,
    reason,
    action,
    note: note.length > MAX_NOTE_CHARS ? `${note.slice(0, MAX_NOTE_CHARS)}…` : note,
    regarding: referenceTo(regarding),
    ...(related && { related: referenceTo(related) }),
    reportingController: controller,
    reportingInstance: instance,
    ...(count > 1 && { series: { count, lastObservedTime: microTime(lastAt) } }),
  };
}

function referenceTo({ apiVersion, kind, metadata }: KubeObject): NonNullable<Event['regarding']> {
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    apiVersion,
    kind,
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}

/** Trying again would not help: the namespace is going, or we may not. */
function isRefused(error: unknown): boolean {
  return error instanceof KubeError && !isUnanswered(error) && error.status < 500 && error.status !== 429;
}
