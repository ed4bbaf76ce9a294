import type { RequestHandler } from 'express';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  /** Measures every request by method, route pattern and status. */
  readonly middleware: RequestHandler;
  appended(): void;
  grew(): void;
  streamOpened(): void;
  streamClosed(): void;
  runStarted(): void;
  /** The text of `/metrics`. */
  readonly contentType: string;
  read(): Promise<string>;
}

/** The numbers of one gateway, in a registry of its own, so that two in one process do not meet. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'sandpiper_http_request_duration_seconds',
    help: 'Time from the request to the end of its answer; streams count while they are open.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  });
  const streams = new Gauge({ name: 'sandpiper_streams_open', help: 'Event streams that are open now.', registers });
  const appends = new Counter({
    name: 'sandpiper_events_appended_total',
    help: 'Facts appended to session logs.',
    registers,
  });
  const deltas = new Counter({
    name: 'sandpiper_deltas_total',
    help: 'Pieces of live growth that were published.',
    registers,
  });
  const runs = new Counter({ name: 'sandpiper_runs_total', help: 'Runs that were asked for.', registers });

  return {
    middleware(request, response, next) {
      const stop = requests.startTimer({ method: request.method });
      response.once('close', () => {
        // The pattern, never the path: ids would make a series each.
        const { route } = request as { route?: { path?: unknown } };
        const pattern = typeof route?.path === 'string' ? `${request.baseUrl}${route.path}` : 'none';
        stop({ route: pattern, status: response.statusCode });
      });
      next();
    },
    appended: () => appends.inc(),
    grew: () => deltas.inc(),
    streamOpened: () => streams.inc(),
    streamClosed: () => streams.dec(),
    runStarted: () => runs.inc(),
    contentType: registry.contentType,
    read: () => registry.metrics(),
  };
}
