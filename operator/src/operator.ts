import {
  type Controller,
  createController,
  type EventRecorder,
  type KubeClient,
  type KubeMetrics,
} from '@sandpiper/kube';
import type { Logger } from 'pino';
import { type Caches, createCaches } from './caches.ts';
import type { PublicKeys } from './keys/public-keys.ts';
import type { OperatorMetrics } from './metrics.ts';
import { createPoolMemories } from './pool/memory.ts';
import { reconcilePool } from './pool/reconcile.ts';
import { createWarmPods } from './pool/warm-pods.ts';
import { createMemories } from './sandbox/memories.ts';
import { reconcileSandbox } from './sandbox/reconcile.ts';
import type { Instances } from './suspend/instances.ts';
import type { NetworkSettings } from './template/network-policy.ts';
import { createSurroundings } from './template/surroundings.ts';
import { reconcileTemplate } from './template/reconcile.ts';
import { poolWatches, sandboxWatches, templateWatches } from './watches.ts';

export interface OperatorParts {
  /** Refuses writes once another replica leads. */
  client: KubeClient;
  events: EventRecorder;
  instances: Instances;
  network: NetworkSettings;
  publicKeys: PublicKeys;
  metrics: OperatorMetrics;
  kubeMetrics?: KubeMetrics;
  log: Logger;
  /** The one namespace to look after; all of them when left out. */
  namespace?: string;
  /** Sandboxes worked on at once. */
  concurrency?: number;
  /** Silence after which a watch counts as dead, ms. */
  inactivityMs?: number;
  /** Epoch ms. */
  now?: () => number;
}

/** The controllers of the operator over one set of caches; a manager runs them while it leads. */
export interface Operator {
  caches: Caches;
  controllers: readonly Controller[];
}

/** Every object is looked at this often, whatever was heard of it. */
const RESYNC_MS = 10 * 60_000;
/**
 * A pool is looked at this long after a claim. Its refill would otherwise compete with the rest of that claim for the API
 * server, and with each of a hundred that come at once; and each look counts all of its pods.
 */
const POOL_SETTLE_MS = 100;

export function createOperator(parts: OperatorParts): Operator {
  const { client, events, instances, network, publicKeys, metrics, log, concurrency = 16, now = Date.now } = parts;
  const monotonicMs = (): number => performance.now();
  const caches = createCaches(parts);
  const surroundings = createSurroundings({ client, caches, network, publicKeys });
  const memories = createMemories(monotonicMs);
  const sandboxContext = {
    client,
    caches,
    instances,
    surroundings,
    memories,
    events,
    metrics,
    log,
    now,
    monotonicMs,
    warmPods: createWarmPods(caches.pods.store),
    clockSkewMs: () => client.clockSkewMs,
  };
  const poolContext = { client, caches, surroundings, metrics, now, memories: createPoolMemories() };
  const templateContext = { client, caches, surroundings, events, now };

  const shared = { log, resyncMs: RESYNC_MS, ...(parts.kubeMetrics && { metrics: parts.kubeMetrics }) };
  const sandboxController = createController({
    ...shared,
    name: 'sandbox',
    watches: sandboxWatches(caches),
    concurrency,
    reconcile: (key) => reconcileSandbox(sandboxContext, key),
  });
  return {
    caches,
    controllers: [
      noticing(sandboxController, caches, memories),
      createController({
        ...shared,
        name: 'template',
        watches: templateWatches(caches),
        concurrency: 2,
        reconcile: (key) => reconcileTemplate(templateContext, key),
      }),
      createController({
        ...shared,
        name: 'pool',
        watches: poolWatches(caches),
        concurrency: 2,
        settleMs: POOL_SETTLE_MS,
        reconcile: (key) => reconcilePool(poolContext, key),
      }),
    ],
  };
}

/**
 * The controller, which from its start on notices the sandboxes that come to be. Only what is created while we act is
 * known to be untouched; of all else an earlier operator may have made something.
 */
function noticing(
  controller: Controller,
  { sandboxes }: Caches,
  memories: ReturnType<typeof createMemories>,
): Controller {
  let stop = (): void => undefined;
  return {
    ...controller,
    get depth() {
      return controller.depth;
    },
    start() {
      stop = sandboxes.onChange(({ before, after }) => {
        if (!before && after && !after.status && sandboxes.isSynced) memories.noteCreated(after);
      });
      return controller.start();
    },
    async close(options) {
      stop();
      await controller.close(options);
    },
  };
}
