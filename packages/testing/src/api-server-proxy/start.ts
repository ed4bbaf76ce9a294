import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { createEventStream, type EventStream } from './event-stream.ts';
import { isStreamFault, type Fault, type Injection, type SeenRequest } from './faults.ts';

export interface ApiServerProxy {
  readonly url: string;
  /** For clients that are to go through the proxy: no credentials, plain HTTP on loopback. */
  readonly kubeConfig: KubeConfig;
  /** All requests so far, in order, also those that the server never heard of. */
  readonly requests: readonly SeenRequest[];
  /** Watches that are open now. */
  readonly openWatches: number;
  /**
   * Lets `fault` strike the next requests that fit.
   *
   * @param times  how many; all until removed when left out
   */
  inject(fault: Fault, options?: { fits?: (request: SeenRequest) => boolean; times?: number }): Injection;
  /** Breaks all open watches off in the middle of an event. */
  cutWatches(): void;
  /** All open watches fall silent, and stay open. */
  stallWatches(): void;
  close(): Promise<void>;
}

/**
 * Starts a proxy in front of a real API server, which passes everything on as the user of `kubeConfig`, and breaks what a test asks
 * it to break.
 */
export async function startApiServerProxy({ kubeConfig }: { kubeConfig: KubeConfig }): Promise<ApiServerProxy> {
  const upstream = await upstreamOf(kubeConfig);
  const requests: SeenRequest[] = [];
  const injections: { fault: Fault; fits: (request: SeenRequest) => boolean; left: number; hits: number }[] = [];
  const watches = new Set<EventStream>();

  const faultFor = (request: SeenRequest): Fault | undefined => {
    const injection = injections.find(({ left, fits }) => left > 0 && fits(request));
    if (!injection) return undefined;
    injection.left -= 1;
    injection.hits += 1;
    return injection.fault;
  };

  const handle = (incoming: IncomingMessage, response: ServerResponse): void => {
    const seen = seenOf(incoming);
    requests.push(seen);
    const fault = faultFor(seen);
    switch (fault?.kind) {
      case 'answer':
        answer(response, fault);
        return;
      case 'refuse':
        incoming.socket.destroy();
        return;
      case 'silence':
        return;
      case 'delay': {
        const timer = setTimeout(() => forward(incoming, response, seen, undefined), fault.ms);
        response.once('close', () => clearTimeout(timer));
        return;
      }
      default:
        forward(incoming, response, seen, fault);
    }
  };

  const forward = (
    incoming: IncomingMessage,
    response: ServerResponse,
    { isWatch }: SeenRequest,
    fault: Fault | undefined,
  ): void => {
    const { host: _, connection: __, ...headers } = incoming.headers;
    const options = {
      ...upstream,
      method: incoming.method,
      path: incoming.url,
      headers: { ...headers, ...upstream.headers },
    };
    const outgoing = httpsRequest(options, (answered) => {
      if (fault?.kind === 'lose-answer') {
        answered.resume();
        answered.once('end', () => incoming.socket.destroy());
        return;
      }
      response.writeHead(answered.statusCode ?? 502, answered.headers);
      if (!isWatch || answered.statusCode !== 200) {
        answered.pipe(response);
        return;
      }
      response.flushHeaders();
      const stream = createEventStream(response, isStreamFault(fault) ? fault : undefined);
      watches.add(stream);
      answered.on('data', (chunk: Buffer) => stream.push(chunk));
      answered.once('end', () => stream.end());
      response.once('close', () => watches.delete(stream));
    });
    // A client that goes, goes upstream too; an upstream that goes is a broken connection to the client.
    response.once('close', () => outgoing.destroy());
    outgoing.once('error', () => incoming.socket.destroy());
    incoming.pipe(outgoing);
  };

  const server = createServer(handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    kubeConfig: configFor(url),
    requests,
    get openWatches() {
      return watches.size;
    },
    inject(fault, { fits = () => true, times = Infinity } = {}) {
      const injection = { fault, fits, left: times, hits: 0 };
      injections.push(injection);
      return {
        get hits() {
          return injection.hits;
        },
        remove: () => void (injection.left = 0),
      };
    },
    cutWatches() {
      for (const watch of watches) watch.cut();
    },
    stallWatches() {
      for (const watch of watches) watch.stall();
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      upstream.agent.destroy();
    },
  };
}

function seenOf({ method = 'GET', url = '/' }: IncomingMessage): SeenRequest {
  const query = new URL(url, 'http://proxy').searchParams;
  return { method, url, isWatch: query.has('watch'), isContinued: query.has('continue') };
}

function answer(response: ServerResponse, fault: Extract<Fault, { kind: 'answer' }>): void {
  const { status, reason = 'InternalError', message = 'injected', headers = {} } = fault;
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status };
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

async function upstreamOf(kubeConfig: KubeConfig) {
  const server = new URL(kubeConfig.getCurrentCluster()?.server ?? '');
  const options: RequestOptions = {};
  await kubeConfig.applyToHTTPSOptions(options);
  const { ca, cert, key, rejectUnauthorized, servername } = options;
  const tls = Object.entries({ ca, cert, key, rejectUnauthorized, servername }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    hostname: server.hostname,
    port: server.port,
    headers: options.headers as Record<string, string> | undefined,
    agent: new Agent({ ...Object.fromEntries(tls), keepAlive: true }),
  };
}

function configFor(url: string): KubeConfig {
  const config = new KubeConfig();
  // client-node allows plain HTTP only together with skipTLSVerify.
  config.loadFromClusterAndUser({ name: 'proxy', server: url, skipTLSVerify: true }, { name: 'proxy' });
  return config;
}
