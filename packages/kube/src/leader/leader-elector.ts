import { coordination, type Lease } from '../builtin/resources.ts';
import type { KubeClient } from '../client.ts';
import { isAlreadyExists, isConflict } from '../http/kube-error.ts';
import { defaultLog, type Log } from '../log.ts';
import type { KubeMetrics } from '../metrics/kube-metrics.ts';
import type { ObjectKey } from '../resource.ts';
import { wait } from '../time/wait.ts';
import { claimOf, mayClaim, observe, releaseOf, type Observed } from './lease.ts';
import { startStopwatch, type Stopwatch } from './stopwatch.ts';

export interface LeaderElectorOptions {
  client: KubeClient;
  lease: ObjectKey;
  /** Of this process among all, and not of the one before it: a host name alone is not enough. */
  identity: string;
  /** Others wait this long without a sign of life of the leader; 15 s when left out. */
  leaseDurationMs?: number;
  /** A leader that could not renew for this long stops; 10 s when left out. Less than `leaseDurationMs`. */
  renewDeadlineMs?: number;
  /** Between attempts, with up to a fifth more; 2 s when left out. */
  retryPeriodMs?: number;
  /** Leadership was lost, once and for good: the process must exit, because what it was doing may still be under way. */
  onLost: (error: Error) => void;
  metrics?: KubeMetrics;
  log?: Log;
}

export interface LeaderElector {
  readonly identity: string;
  /** Whether nobody else can have begun to lead. Looks at the clocks, so it is true of a process that was paused, too. */
  isLeading(): boolean;
  /** For `guardWrites(client, { beforeSend })`. @throws NotLeadingError */
  assertLeading(): void;
  /** Competes for the lease; resolves once leading. Rejects when closed before. */
  start(): Promise<void>;
  /** Stops competing and releases the lease, so that the next leader need not wait for it to expire. */
  close(): Promise<void>;
}

/** A write was stopped because somebody else may lead by now. */
export class NotLeadingError extends Error {
  override readonly name = 'NotLeadingError';
}

/**
 * Leader election on a Lease, as client-go does it: the lease is held by whoever wrote it last, and is free when it has not changed for
 * its duration as measured here, so that clocks of machines need not agree. This narrows the time in which two could write to what a
 * request needs; it does not fence. Writes must still be guarded by resourceVersion.
 */
export function createLeaderElector(options: LeaderElectorOptions): LeaderElector {
  const { client, identity, lease: key, metrics, log = defaultLog() } = options;
  const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2_000 } = options;
  if (renewDeadlineMs >= leaseDurationMs) throw new TypeError('renewDeadlineMs must be less than leaseDurationMs.');
  const name = key.name;
  const stopping = new AbortController();
  const elected = Promise.withResolvers<undefined>();
  elected.promise.catch(() => undefined);
  let running: Promise<void> | undefined;
  let observed: Observed | undefined;
  /** Since the last successful renewal was sent; undefined while following. */
  let renewed: Stopwatch | undefined;
  let isOver = false;

  const isLeading = (): boolean =>
    !isOver && renewed !== undefined && renewed.elapsedMs() < renewDeadlineMs && mayClaim(observed, identity);

  /** One attempt to take or renew. True when the lease is ours now. */
  const attempt = async (): Promise<boolean> => {
    const call = { timeoutMs: callTimeoutMs(), signal: stopping.signal };
    const sent = startStopwatch();
    let current = observed?.lease;
    // While leading nobody else writes, so the version we wrote is most likely the present one: one request instead of two.
    if (!renewed || !current) {
      current = await client.get(coordination.leases, key, call);
      observed = observe(observed, current);
    }
    if (!mayClaim(observed, identity)) return false;
    const claim = claimOf(key, current, identity, leaseDurationMs);
    const written: Lease = current
      ? await client.replace(coordination.leases, claim as Lease, call)
      : await client.create(coordination.leases, claim, call);
    observed = observe(observed, written);
    // Counted from before the request: the others count from when the server took it.
    renewed = sent;
    return true;
  };

  /** A call that hangs must leave time for another, and end with the leadership at the latest. */
  const callTimeoutMs = (): number => {
    const leftMs = renewDeadlineMs - (renewed?.elapsedMs() ?? 0);
    return leftMs > 0 ? Math.min(leftMs, renewDeadlineMs / 2) : renewDeadlineMs / 2;
  };

  const lose = (why: string): void => {
    isOver = true;
    metrics?.leading(name, false);
    log.error({ lease: name, identity }, why);
    options.onLost(new NotLeadingError(why));
  };

  const run = async (): Promise<void> => {
    let wasLeading = false;
    while (!stopping.signal.aborted) {
      let isOurs = false;
      try {
        isOurs = await attempt();
      } catch (error) {
        if (isStopped()) return;
        // Read it anew: somebody else wrote.
        if (isConflict(error) || isAlreadyExists(error)) observed = await reread(observed);
        else
          log.warn(
            { lease: name, identity, err: error },
            'the lease could not be read or written; it will be tried again',
          );
      }
      if (isOurs && !wasLeading) {
        wasLeading = true;
        metrics?.leading(name, true);
        log.info({ lease: name, identity }, 'this process leads');
        elected.resolve(undefined);
      }
      if (wasLeading && !isLeading()) {
        const isTaken = !mayClaim(observed, identity);
        lose(isTaken ? 'Another process took the lease.' : `The lease could not be renewed for ${renewDeadlineMs} ms.`);
        return;
      }
      // A leader wakes at its deadline at the latest, so that the loss is noticed then and not at the next attempt.
      const untilDeadlineMs = wasLeading ? renewDeadlineMs - (renewed?.elapsedMs() ?? 0) : Infinity;
      await wait(Math.min(retryPeriodMs * (1 + Math.random() / 5), Math.max(untilDeadlineMs, 1)), stopping.signal);
    }
  };

  const reread = async (before: Observed | undefined): Promise<Observed | undefined> => {
    try {
      const call = { timeoutMs: callTimeoutMs(), signal: stopping.signal };
      return observe(before, await client.get(coordination.leases, key, call));
    } catch {
      // The next attempt tells.
      return before;
    }
  };

  const isStopped = (): boolean => stopping.signal.aborted;

  return {
    identity,
    isLeading,
    assertLeading() {
      if (isLeading()) return;
      throw new NotLeadingError(`${identity} does not hold the lease ${name}, or could not renew it in time.`);
    },
    start() {
      metrics?.leading(name, false);
      running ??= run();
      return elected.promise;
    },
    async close() {
      const wasLeading = isLeading();
      stopping.abort(new Error('The election is closed.'));
      elected.reject(stopping.signal.reason);
      await running;
      const mustRelease = wasLeading && !isOver;
      isOver = true;
      if (!mustRelease) return;
      metrics?.leading(name, false);
      try {
        // Read anew: a renewal that was cut off may have been written.
        const current = await client.get(coordination.leases, key, { timeoutMs: 5_000 });
        if (current?.spec?.holderIdentity !== identity) return;
        await client.replace(coordination.leases, releaseOf(current), { timeoutMs: 5_000 });
      } catch (error) {
        log.warn({ lease: name, identity, err: error }, 'the lease could not be released; it will expire');
      }
    },
  };
}
