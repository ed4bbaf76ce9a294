import type { RequestReport } from '@sandpiper/kube';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const READS = new Set(['get', 'list', 'watch']);

export interface OperatorMetrics {
  /** A start came so far: tools answer, or all is ready. Seconds since the operator first saw what asked for it. */
  startup(phase: 'tools' | 'ready', launch: 'warm' | 'cold', seconds: number): void;
  poolSize(pool: { namespace: string; name: string }, size: { wanted: number; ready: number; total: number }): void;
  poolGone(pool: { namespace: string; name: string }): void;
  adoption(outcome: 'won' | 'lost'): void;
  /** A request to the API server is over. */
  onRequest(report: RequestReport): void;
}

/** Fine around 10 ms, where warm starts are, and wide enough for an image that is pulled first. */
const STARTUP_BUCKETS = [0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

/** The operator's own metrics; those of its controllers, queues and requests come from the runtime. No label names a sandbox. */
export function createMetrics(registry: Registry): OperatorMetrics {
  const registers = [registry];
  const startup = new Histogram({
    name: 'sandpiper_sandbox_startup_seconds',
    help: 'From the moment the operator saw a request for a computer until it came so far.',
    labelNames: ['phase', 'launch'],
    buckets: STARTUP_BUCKETS,
    registers,
  });
  const pools = new Gauge({
    name: 'sandpiper_pool_instances',
    help: 'Warm instances of a pool: wanted, ready, and all that stay.',
    labelNames: ['namespace', 'pool', 'state'],
    registers,
  });
  const adoptions = new Counter({
    name: 'sandpiper_adoptions_total',
    help: 'Attempts to take a warm instance: won, or lost to another that was faster.',
    labelNames: ['outcome'],
    registers,
  });
  const writes = new Counter({
    name: 'sandpiper_api_writes_total',
    help: 'Writes of the operator; divided by the count of sandbox_startup_seconds{phase="ready"} they are the writes of a launch.',
    labelNames: ['verb', 'resource'],
    registers,
  });
  return {
    startup: (phase, launch, seconds) => startup.observe({ phase, launch }, seconds),
    poolSize({ namespace, name: pool }, { wanted, ready, total }) {
      pools.set({ namespace, pool, state: 'wanted' }, wanted);
      pools.set({ namespace, pool, state: 'ready' }, ready);
      pools.set({ namespace, pool, state: 'total' }, total);
    },
    poolGone({ namespace, name: pool }) {
      for (const state of ['wanted', 'ready', 'total']) pools.remove({ namespace, pool, state });
    },
    adoption: (outcome) => adoptions.inc({ outcome }),
    onRequest({ verb, resource, subresource, status }) {
      if (READS.has(verb) || resource === undefined || status >= 400) return;
      writes.inc({ verb, resource: subresource === undefined ? resource : `${resource}/${subresource}` });
    },
  };
}
