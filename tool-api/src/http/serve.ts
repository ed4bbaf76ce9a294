import { createServer, type Server } from 'node:http';
import { chmod, unlink } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { SCOPES, type Verifier } from '@sandpiper/capability';
import type { CodedError } from '@sandpiper/protocol';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Activity } from '../activity.ts';
import { checkReadiness, type Component } from '../component.ts';
import type { Listen } from '../config.ts';
import { errors } from '../errors.ts';
import type { Route } from '../group.ts';
import type { UpgradeRoute } from '../upgrade.ts';
import { authenticate } from './authenticate.ts';
import { toCodedError } from './failure.ts';
import { routeUpgrades } from './upgrade-router.ts';

export interface HttpServer {
  /** Where it listens: `unix:/path` or `http://host:port`, with the port it really got. */
  readonly address: string;
  /** Stops listening, gives calls in flight `graceMs` to end, then cuts what is left. */
  close(graceMs: number): Promise<void>;
}

export interface ServeOptions {
  listen: Listen;
  routes: readonly Route[];
  upgrades: readonly UpgradeRoute[];
  components: readonly Component[];
  verifier: Verifier;
  activity: Activity;
  logger: Logger;
}

/** Opens the one port or socket of the sandbox. Resolves when it listens. */
export async function serve(options: ServeOptions): Promise<HttpServer> {
  const { listen, activity, verifier, logger } = options;
  const server = createServer({ keepAlive: true, requestTimeout: 0 }, createApp(options));
  // Node's default of 5 s would cut a caller's idle connection just when it is used again.
  server.keepAliveTimeout = 75_000;
  const upgrades = routeUpgrades(server, {
    routes: options.upgrades,
    verifier,
    activity,
    onError: (error) => report(logger, error, 'WebSocket'),
  });
  await listenOn(server, listen);

  return {
    address: addressOf(server, listen),
    async close(graceMs) {
      const closed = new Promise((resolve) => server.close(resolve));
      await Promise.race([activity.drain(), afterMs(graceMs)]);
      upgrades.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function createApp({ routes, components, verifier, activity, logger }: ServeOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/healthz', (_request, response) => response.json({ status: 'ok' }));
  app.get('/readyz', async (_request, response) => {
    const readiness = await checkReadiness(components);
    response.status(readiness.status === 'ready' ? 200 : 503).json(readiness);
  });
  for (const route of routes) app[route.method](route.path, admit(route, verifier, activity), route.handler);
  app.use((request) => {
    // A stranger is not told what there is.
    authenticate(verifier, request, SCOPES);
    throw errors.ROUTE_NOT_FOUND({ method: request.method, path: request.path });
  });
  app.use(answerFailure(logger));
  return app;
}

function admit(route: Route, verifier: Verifier, activity: Activity): RequestHandler {
  return (request, response, next) => {
    response.locals['claims'] = authenticate(verifier, request, route.scopes);
    if (route.isWork ?? true) response.once('close', activity.begin('call'));
    next();
  };
}

/** Turns whatever was thrown into the envelope. Once bytes are out only cutting the connection tells the caller. */
function answerFailure(logger: Logger): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    const error = toCodedError(thrown);
    report(logger, error, `${request.method} ${request.path}`);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.status(error.status).json(error.toEnvelope());
  };
}

function report(logger: Logger, error: CodedError, what: string): void {
  if (error.code === 'INTERNAL') logger.error({ err: error.cause ?? error, what }, 'unexpected failure');
  else logger.debug({ code: error.code, what }, 'refused');
}

async function listenOn(server: Server, listen: Listen): Promise<void> {
  // A socket file that a killed predecessor left would be "in use" for ever.
  if (listen.kind === 'unix') await unlink(listen.path).catch(() => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const onListening = (): void => {
      server.off('error', reject);
      resolve();
    };
    if (listen.kind === 'unix') server.listen(listen.path, onListening);
    else server.listen(listen.port, listen.host, onListening);
  });
  // The manager outside is another user; tokens, not file modes, decide who may speak.
  if (listen.kind === 'unix') await chmod(listen.path, 0o666);
}

function addressOf(server: Server, listen: Listen): string {
  if (listen.kind === 'unix') return `unix:${listen.path}`;
  const { port } = server.address() as AddressInfo;
  return `http://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${port.toString()}`;
}

function afterMs(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
