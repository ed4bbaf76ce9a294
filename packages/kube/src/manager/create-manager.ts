import type { Registry } from 'prom-client';
import type { Controller } from '../controller.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { Informer } from '../informer.ts';
import type { LeaderElector } from '../leader/leader-elector.ts';
import { defaultLog, type Log } from '../log.ts';
import type { KubeObject } from '../resource.ts';
import { startProbeServer, type ProbeServer, type ProbeServerOptions } from './probe-server.ts';

export interface ManagerOptions {
  controllers: readonly Controller[];
  /** Informers that no controller watches. */
  informers?: readonly Informer<KubeObject>[];
  /** Controllers run only while it leads; left out, they run at once. Its `onLost` is to end the process. */
  elector?: LeaderElector;
  /** Flushed at the end. */
  events?: EventRecorder;
  probes?: Pick<ProbeServerOptions, 'port' | 'host' | 'profile' | 'unhealthy'> & {
    /** More that must be so for the process to be ready: what is missing, or undefined. */
    ready?: () => string | undefined;
  };
  registry?: Registry;
  /** How long reconciles that run may take to finish when closing; 20 s when left out. */
  drainMs?: number;
  log?: Log;
}

/** All that one process of controllers consists of. */
export interface Manager {
  /** Of the probes, once started. */
  readonly port: number | undefined;
  /**
   * Serves probes, fills the caches, waits to lead, and starts the controllers. Resolves when they work; rejects when closed before, or
   * when the port is taken.
   */
  start(): Promise<void>;
  /** Lets reconciles finish, flushes events, releases the lease, stops the caches and the probes. What was passed in beside that stays open. */
  close(): Promise<void>;
}

/**
 * Ties controllers, caches, leadership and probes to one life. Followers keep their caches warm, so that a change of leader costs no
 * list, and are ready, so that a roll-out does not wait for them to lead.
 */
export function createManager(options: ManagerOptions): Manager {
  const { controllers, elector, events, log = defaultLog() } = options;
  const informers = new Set([
    ...controllers.flatMap((controller) => controller.informers),
    ...(options.informers ?? []),
  ]);
  let probes: ProbeServer | undefined;
  let starting: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  const unready = (): string[] => {
    if (closing) return ['closing'];
    const unsynced = [...informers].filter(({ isSynced }) => !isSynced).map(({ type }) => `${type.plural} not synced`);
    const missing = options.probes?.ready?.();
    return missing === undefined ? unsynced : [...unsynced, missing];
  };

  const assertOpen = (): void => {
    if (closing) throw new Error('The manager was closed.');
  };

  const start = async (): Promise<void> => {
    if (options.probes) {
      const { port, host, profile, unhealthy } = options.probes;
      probes = await startProbeServer({
        port,
        unready,
        profile,
        ...(host !== undefined && { host }),
        ...(unhealthy && { unhealthy }),
        ...(options.registry && { registry: options.registry }),
      });
    }
    assertOpen();
    await Promise.all([...informers].map((informer) => informer.start()));
    log.info({ informers: informers.size }, 'the caches are synced');
    assertOpen();
    await elector?.start();
    assertOpen();
    await Promise.all(controllers.map((controller) => controller.start()));
  };

  const close = async (): Promise<void> => {
    const drain = options.drainMs === undefined ? {} : { drainMs: options.drainMs };
    await Promise.all(controllers.map((controller) => controller.close(drain)));
    await events?.close();
    // Only now: the next leader must not begin while this one still writes.
    await elector?.close();
    await Promise.all([...informers].map((informer) => informer.close()));
    // Whatever start was waiting for has been closed.
    await starting?.catch(() => undefined);
    await probes?.close();
  };

  return {
    get port() {
      return probes?.port;
    },
    start: () => (starting ??= start()),
    close: () => (closing ??= close()),
  };
}
