import { CodedError } from '@sandpiper/protocol';
import { Router } from 'express';
import { errors } from '../errors.ts';
import type { Metrics } from './metrics.ts';

export interface ProbeParts {
  metrics: Metrics;
  /** Throws while the gateway should get no traffic; what is no `CodedError` comes from the store. */
  checkReady: () => Promise<void>;
}

/** `/healthz`, `/readyz`, `/metrics`. */
export function createProbeRoutes({ metrics, checkReady }: ProbeParts): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.set('Cache-Control', 'no-store').json({ status: 'ok' });
  });
  router.get('/readyz', async (_request, response) => {
    await checkReady().catch((cause: unknown) => {
      throw cause instanceof CodedError ? cause : errors.NOT_READY({ what: 'the store' }, { cause });
    });
    response.set('Cache-Control', 'no-store').json({ status: 'ready' });
  });
  router.get('/metrics', async (_request, response) => {
    response
      .set('Cache-Control', 'no-store')
      .type(metrics.contentType)
      .send(await metrics.read());
  });
  return router;
}
