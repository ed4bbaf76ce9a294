import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { RequestOptions } from 'node:https';
import { etcdSocket } from './arguments.ts';
import type { Layout } from './arguments.ts';
import type { Authority } from './certificates/authority.ts';
import type { Leashed } from '../leash/leash.ts';
import { eventually } from '../eventually.ts';

const withinMs = 60_000;

export async function untilEtcdReady(etcd: Leashed, layout: Layout): Promise<void> {
  await untilServes(etcd, () => isOk(httpRequest, { socketPath: etcdSocket(layout), path: '/health' }));
}

export async function untilApiServerReady(apiServer: Leashed, port: number, authority: Authority): Promise<void> {
  const { key, certificate } = authority.issueClient({ commonName: 'readiness', organizations: ['system:masters'] });
  const options = { host: '127.0.0.1', port, path: '/readyz', ca: authority.certificate, cert: certificate, key };
  await untilServes(apiServer, () => isOk(httpsRequest, options));
}

async function untilServes(component: Leashed, serves: () => Promise<boolean>): Promise<void> {
  const ended = async (): Promise<Error> =>
    new Error(`${component.name} ended before it served:\n${await component.logTail()}`);
  await eventually(
    `${component.name} to serve`,
    withinMs,
    async () => {
      if (!component.isAlive()) throw await ended();
      return await serves();
    },
    { everyMs: 30 },
  ).catch(async (error: unknown) => {
    if (!component.isAlive()) throw error;
    throw new Error(`${component.name} did not serve within ${withinMs} ms:\n${await component.logTail()}`, {
      cause: error,
    });
  });
}

function isOk(request: typeof httpsRequest, options: RequestOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ ...options, agent: false, timeout: 2000 }, (response) => {
      response.resume();
      response.once('close', () => resolve(response.statusCode === 200));
    });
    asked.once('error', () => resolve(false));
    asked.once('timeout', () => asked.destroy());
    asked.end();
  });
}
