import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { profileCpu } from './profile-cpu.ts';

export interface ProbeServerOptions {
  /** 0 takes a free one. */
  port: number;
  /** All interfaces when left out, since the kubelet and Prometheus come from outside. */
  host?: string;
  /** What keeps the process from being ready; nothing when it is. */
  unready: () => readonly string[];
  /** What is wrong with it so that only a restart helps; nothing when it is well. */
  unhealthy?: () => readonly string[];
  registry?: Registry;
  /** Allows `POST /debug/profile?seconds=N` from the same machine, or from anywhere. */
  profile?: 'local' | 'any' | undefined;
}

export interface ProbeServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `/healthz`, `/readyz`, `/metrics` and, where allowed, a CPU profile. Rejects when the port is taken. */
export async function startProbeServer(options: ProbeServerOptions): Promise<ProbeServer> {
  const closing = new AbortController();
  const server = createServer((request, response) => {
    answer(request, response, options, closing.signal).catch((error: unknown) => {
      send(response, 500, `${error instanceof Error ? error.message : String(error)}\n`);
    });
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      closing.abort();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { unready, unhealthy = () => [], registry, profile }: ProbeServerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://probe');
  const route = `${request.method ?? ''} ${pathname}`;
  if (route === 'GET /healthz') sendCheck(response, unhealthy());
  else if (route === 'GET /readyz') sendCheck(response, unready());
  else if (route === 'GET /metrics' && registry) {
    send(response, 200, await registry.metrics(), registry.contentType);
  } else if (route === 'POST /debug/profile' && mayProfile(profile, request)) {
    const seconds = Number(searchParams.get('seconds') ?? 10);
    if (!(seconds > 0 && seconds <= 300)) send(response, 400, 'seconds is a number up to 300\n');
    else send(response, 200, JSON.stringify(await profileCpu(seconds * 1000, signal)), 'application/json');
  } else send(response, 404, 'not found\n');
}

function mayProfile(profile: ProbeServerOptions['profile'], { socket }: IncomingMessage): boolean {
  if (profile !== 'local') return profile === 'any';
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return address === '::1' || address.startsWith('127.');
}

function sendCheck(response: ServerResponse, complaints: readonly string[]): void {
  if (complaints.length === 0) send(response, 200, 'ok\n');
  else send(response, 503, `${complaints.join('\n')}\n`);
}

function send(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
}
