import { randomUUID } from 'node:crypto';
import express, { json, Router, type Express } from 'express';
import type { Logger } from 'pino';
import type { Metrics } from '../observability/metrics.ts';
import { createFailureHandler, notFound } from './failures.ts';
import type { HostPolicy } from './hosts.ts';
import { securityHeaders } from './security-headers.ts';

export interface AppParts {
  hosts: HostPolicy;
  log: Logger;
  metrics: Metrics;
  /** Whether browsers come by https only. */
  secure: boolean;
  /** How many proxies in front tell the truth about who asks. */
  trustedProxies: number;
  routes: {
    /** Outside of `/api/v1`: probes, documentation. */
    site: readonly Router[];
    /** Below `/api/v1`, without sign-in. */
    open: readonly Router[];
    /** Below `/api/v1`, signed in, bodies as they come. */
    bytes: readonly Router[];
    /** Below `/api/v1`, signed in, JSON bodies. */
    json: readonly Router[];
    /** The pages; last, because they answer every address that is left. */
    pages: readonly Router[];
  };
  authenticate: express.RequestHandler;
}

/** Larger than the longest message (200,000 characters of up to four bytes) with its attachments. */
const MAX_JSON_BYTES = 1024 * 1024;

/** Puts the routes behind what every request passes: id, metrics, Host, headers; and before what answers errors. */
export function createApp({ hosts, log, metrics, secure, trustedProxies, routes, authenticate }: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', trustedProxies);
  app.set('query parser', 'simple');
  // Answers are small and change; hashing each to save a few bytes costs more than it brings.
  app.set('etag', false);

  app.use((request, response, next) => {
    const requestId = randomUUID();
    response.locals['requestId'] = requestId;
    response.set('X-Request-Id', requestId);
    hosts.checkHost(request);
    // The API knows its callers by Authorization, which no other site can send; a foreign page's attempt is refused all the same.
    if (!isSafe(request.method) && request.headers.origin !== undefined)
      hosts.checkOrigin(request, { required: false });
    next();
  });
  app.use(metrics.middleware);
  app.use(securityHeaders({ secure }));
  use(app, routes.site);

  const api = Router();
  use(api, routes.open);
  api.use(authenticate);
  api.use((_request, response, next) => {
    // What may be kept says so itself.
    response.set('Cache-Control', 'no-store');
    next();
  });
  use(api, routes.bytes);
  api.use(json({ limit: MAX_JSON_BYTES }));
  use(api, routes.json);
  api.use(notFound);
  app.use('/api/v1', api);

  use(app, routes.pages);
  app.use(notFound);
  app.use(createFailureHandler(log));
  return app;
}

function use(target: Pick<Router, 'use'>, routers: readonly Router[]): void {
  for (const router of routers) target.use(router);
}

const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
