import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { RequestReport } from '../http/transport.ts';
import type { QueueObserver } from '../queue/work-queue.ts';

/** How a reconcile ended, in the words of controller-runtime. */
export type ReconcileResult = 'success' | 'requeue_after' | 'error';

/** What the parts of this package count, under the names that controller-runtime uses, so that its dashboards work. */
export interface KubeMetrics {
  /** For `createKubeClient({ onRequest })`. */
  onRequest(report: RequestReport): void;
  forQueue(name: string): QueueObserver;
  forController(name: string, concurrency: number): ControllerMetrics;
  leading(name: string, isLeading: boolean): void;
}

export interface ControllerMetrics {
  begun(): void;
  ended(result: ReconcileResult, tookMs: number): void;
}

const RECONCILE_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const QUEUE_BUCKETS = [0.0001, 0.001, 0.01, 0.1, 1, 10, 100, 1000];

/** Registers them; a registry takes them once, and all controllers share them. */
export function createKubeMetrics(registry: Registry): KubeMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the API server, by status code and method. The code is <error> when no answer came.',
    labelNames: ['code', 'method'],
    registers,
  });
  const reconciles = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciles, by controller and result.',
    labelNames: ['controller', 'result'],
    registers,
  });
  const reconcileErrors = new Counter({
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Reconciles that failed, by controller.',
    labelNames: ['controller'],
    registers,
  });
  const reconcileTime = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Length of a reconcile.',
    labelNames: ['controller'],
    buckets: RECONCILE_BUCKETS,
    registers,
  });
  const maxConcurrent = new Gauge({
    name: 'controller_runtime_max_concurrent_reconciles',
    help: 'Reconciles that may run at once.',
    labelNames: ['controller'],
    registers,
  });
  const active = new Gauge({
    name: 'controller_runtime_active_workers',
    help: 'Reconciles that run now.',
    labelNames: ['controller'],
    registers,
  });
  const depth = new Gauge({
    name: 'workqueue_depth',
    help: 'Keys that wait for a worker.',
    labelNames: ['name'],
    registers,
  });
  const adds = new Counter({
    name: 'workqueue_adds_total',
    help: 'Keys added to the queue.',
    labelNames: ['name'],
    registers,
  });
  const retries = new Counter({
    name: 'workqueue_retries_total',
    help: 'Keys added again after a failure.',
    labelNames: ['name'],
    registers,
  });
  const waited = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long a key waited for a worker.',
    labelNames: ['name'],
    buckets: QUEUE_BUCKETS,
    registers,
  });
  const worked = new Histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long a worker had a key.',
    labelNames: ['name'],
    buckets: QUEUE_BUCKETS,
    registers,
  });
  const leaders = new Gauge({
    name: 'leader_election_master_status',
    help: '1 while this process leads.',
    labelNames: ['name'],
    registers,
  });

  return {
    onRequest: ({ status, method }) => requests.inc({ code: status === 0 ? '<error>' : String(status), method }),
    forQueue(name) {
      // Children are looked up once: that is most of what counting costs.
      const [depthOf, addsOf, retriesOf] = [depth.labels(name), adds.labels(name), retries.labels(name)];
      const [waitedIn, workedIn] = [waited.labels(name), worked.labels(name)];
      depthOf.set(0);
      retriesOf.inc(0);
      return {
        added(now) {
          addsOf.inc();
          depthOf.set(now);
        },
        taken(waitedMs, now) {
          waitedIn.observe(waitedMs / 1000);
          depthOf.set(now);
        },
        done: (workedMs) => workedIn.observe(workedMs / 1000),
        retried: () => retriesOf.inc(),
      };
    },
    forController(controller, concurrency) {
      maxConcurrent.set({ controller }, concurrency);
      for (const result of ['success', 'requeue_after', 'error']) reconciles.inc({ controller, result }, 0);
      const [activeOf, timeOf, errorsOf] = [
        active.labels(controller),
        reconcileTime.labels(controller),
        reconcileErrors.labels(controller),
      ];
      errorsOf.inc(0);
      return {
        begun: () => activeOf.inc(),
        ended(result, tookMs) {
          activeOf.dec();
          reconciles.inc({ controller, result });
          if (result === 'error') errorsOf.inc();
          timeOf.observe(tookMs / 1000);
        },
      };
    },
    leading: (name, isLeading) => leaders.set({ name }, isLeading ? 1 : 0),
  };
}
