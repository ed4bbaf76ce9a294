import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Signer } from '@sandpiper/capability';
import type { Sandboxes, SweepReport } from '@sandpiper/sandboxes';
import type { CloseMode, Driver, Instance } from './driver.ts';
import { createHostSandboxes } from './host-sandboxes.ts';
import { createInstanceClients } from './instance-clients.ts';
import type { Log } from './log.ts';
import { createProbes } from './probes.ts';
import { createReconciler } from './reconciler.ts';
import { openSandboxStore } from './store/sandbox-store.ts';
import { sweepLeftovers, sweepSessions } from './sweep.ts';
import { builtInTemplates, DEFAULT_TEMPLATE, type TemplateInput } from './templates.ts';

export interface ManagerOptions {
  /** Folder of the store; made when absent. One manager per folder. */
  dataDir: string;
  /** Closed together with the manager; by the caller, when the manager does not come to be. */
  driver: Driver;
  /** Signs as issuer `manager`. */
  signer: Signer;
  /** Templates by name, beside or instead of the built-in `default`. */
  templates?: Record<string, TemplateInput>;
  logger: Log;
  /** Epoch ms. */
  clock?: () => number;
}

export interface SandboxManager {
  readonly sandboxes: Sandboxes;
  /**
   * Marks sandboxes whose session is not among `known`, to be suspended now and deleted after a week, and unmarks those
   * whose session is back. Touches none when more than a tenth would be marked.
   */
  sweepSessions(known: ReadonlySet<string>): SweepReport;
  /** `stop` ends all instances and notes them as suspended; `leave` lets them live for the next manager to adopt. */
  close(mode: CloseMode): Promise<void>;
}

/** Everything is looked at this often, whatever was heard of it: an event may get lost. */
const RESYNC_MS = 60_000;

/**
 * Starts the manager of this host's sandboxes: opens the store, adopts the instances that live, and brings every sandbox
 * to what is wished.
 */
export async function createSandboxManager(options: ManagerOptions): Promise<SandboxManager> {
  const { dataDir, driver, logger: log, clock: now = Date.now } = options;
  const templates = builtInTemplates(options.templates ?? {}, now());
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const store = openSandboxStore(join(dataDir, 'sandboxes.sqlite'), now);
  const clients = createInstanceClients(options.signer);

  const enqueueOwner = (sandboxUid: string): void => {
    const sandbox = store.findByUid(sandboxUid);
    if (sandbox) reconciler.enqueue(sandbox.metadata.name);
  };
  const probes = createProbes(clients, enqueueOwner);
  const reconciler = createReconciler({ driver, store, probes, clients, templates, now }, log);
  const sandboxes = createHostSandboxes(store, now, log);

  try {
    await adopt();
    await sweepLeftovers(driver, store, log);
  } catch (error) {
    await Promise.all([probes.close(), clients.close()]);
    store.close();
    throw error;
  }
  const stops = [
    store.onChange(({ name }) => reconciler.enqueue(name)),
    driver.onChange(enqueueOwner),
    every(RESYNC_MS, enqueueAll),
  ];
  enqueueAll();

  function enqueueAll(): void {
    for (const sandbox of store.list()) reconciler.enqueue(sandbox.metadata.name);
  }

  /** Takes up the instances that an earlier manager left. One that agreed to suspend and was not heard takes work again. */
  async function adopt(): Promise<void> {
    const living = (await driver.list()).filter(
      (instance) => instance.state === 'Running' && store.findByUid(instance.sandboxUid),
    );
    // One that answers is not to look silent for as long as the first question takes.
    await Promise.all(living.map((instance) => probes.watch({ ...instance, desktop: wantsDesktop(instance) })));
    for (const instance of living) {
      void clients
        .of(instance)
        .reopen()
        .catch((error: unknown) => {
          log.debug({ err: error, instance: instance.uid }, 'an adopted instance could not be reopened');
        });
    }
    if (living.length > 0) log.info({ instances: living.length }, 'adopted running instances');
  }

  function wantsDesktop({ sandboxUid }: Instance): boolean {
    const template = store.findByUid(sandboxUid)?.spec.templateRef.name ?? DEFAULT_TEMPLATE;
    return templates.get(template)?.spec.desktop ?? true;
  }

  return {
    sandboxes,
    sweepSessions: (known) => sweepSessions(store, known, now(), log),
    async close(mode) {
      for (const stop of stops) stop();
      await sandboxes.close();
      await reconciler.close();
      await Promise.all([probes.close(), clients.close()]);
      await driver.close(mode);
      if (mode === 'stop') reconciler.recordHostStop();
      store.close();
    },
  };
}

function every(intervalMs: number, work: () => void): () => void {
  const timer = setInterval(work, intervalMs).unref();
  return () => clearInterval(timer);
}
