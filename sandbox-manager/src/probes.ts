import { setTimeout as sleep } from 'node:timers/promises';
import type { InstanceClients } from './instance-clients.ts';

/** What probing last found of an instance. */
export interface Readiness {
  tools: boolean;
  desktopReady: boolean;
}

export interface ProbeTarget {
  uid: string;
  address: string;
  sandboxUid: string;
  /** Whether it was started with a desktop, so that it is ready only with one. */
  desktop: boolean;
}

/** Asks instances how far they are, as a kubelet does with its probes. */
export interface Probes {
  /** Begins to probe an instance, once; resolves after the first look at it. */
  watch(instance: ProbeTarget): Promise<void>;
  unwatch(uid: string): void;
  readinessOf(uid: string): Readiness;
  close(): Promise<void>;
}

/** How often, in ms. Eager while something starts, because each interval would add to every cold start. */
const INTERVALS = { eager: 20, patient: 250, ready: 2_000 } as const;
const EAGER_FOR_MS = 10_000;
const TIMEOUT_MS = 3_000;
/** One lost answer of a busy machine is no outage. */
const FAILURES_UNTIL_DOWN = 2;

type Prober = ReturnType<InstanceClients['of']>;

const UNKNOWN: Readiness = { tools: false, desktopReady: false };

/** @param onChange  called with the sandbox's uid after each change of what was found */
export function createProbes(clients: Pick<InstanceClients, 'of'>, onChange: (sandboxUid: string) => void): Probes {
  const watched = new Map<
    string,
    { stop: AbortController; found: Readiness; ended: Promise<void>; looked: Promise<void> }
  >();

  const unwatch = (uid: string): void => {
    watched.get(uid)?.stop.abort();
    watched.delete(uid);
  };

  return {
    unwatch,
    watch(target) {
      const { uid, sandboxUid } = target;
      const known = watched.get(uid);
      if (known) return known.looked;
      const { promise: looked, resolve: onLooked } = Promise.withResolvers<undefined>();
      const entry = { stop: new AbortController(), found: UNKNOWN, ended: Promise.resolve(), looked };
      const report = (found: Readiness): void => {
        if (found.tools === entry.found.tools && found.desktopReady === entry.found.desktopReady) return;
        entry.found = found;
        onChange(sandboxUid);
      };
      watched.set(uid, entry);
      entry.ended = probe(clients.of(target), target, report, () => onLooked(undefined), entry.stop.signal);
      return looked;
    },
    readinessOf: (uid) => watched.get(uid)?.found ?? UNKNOWN,
    async close() {
      const ended = [...watched.values()].map((entry) => entry.ended);
      for (const uid of [...watched.keys()]) unwatch(uid);
      await Promise.all(ended);
    },
  };
}

async function probe(
  client: Prober,
  target: ProbeTarget,
  report: (found: Readiness) => void,
  onLooked: () => void,
  signal: AbortSignal,
): Promise<void> {
  let found = UNKNOWN;
  let failures = 0;
  let unreadySince = performance.now();
  while (!signal.aborted) {
    const next = await look(client, target.desktop);
    // `unwatch` may have come while we asked; what is known of a deleted instance interests nobody.
    if (stopped(signal)) break;
    failures = next.tools ? 0 : failures + 1;
    if (next.tools || failures >= FAILURES_UNTIL_DOWN) {
      if (isReady(found, target) && !isReady(next, target)) unreadySince = performance.now();
      found = next;
      report(found);
    }
    onLooked();
    const waited = performance.now() - unreadySince;
    const interval = isReady(found, target) && failures === 0 ? 'ready' : waited < EAGER_FOR_MS ? 'eager' : 'patient';
    await sleep(INTERVALS[interval], undefined, { signal, ref: false }).catch(() => undefined);
  }
  onLooked();
}

/** No answer, and one that makes no sense, means that it is not so far. */
async function look(client: Prober, desktop: boolean): Promise<Readiness> {
  const tools = await client.health({ signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => false);
  if (!tools) return UNKNOWN;
  if (!desktop) return { tools, desktopReady: false };
  const seen = await client.ready({ signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => undefined);
  const isEachReady = Object.values(seen?.components ?? {}).every((state) => state === 'ready');
  return { tools, desktopReady: seen?.status === 'ready' && isEachReady };
}

function isReady(found: Readiness, target: ProbeTarget): boolean {
  return found.tools && (found.desktopReady || !target.desktop);
}

function stopped(signal: AbortSignal): boolean {
  return signal.aborted;
}
