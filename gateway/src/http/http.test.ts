import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { operations } from '../docs/operations.ts';
import { createGateway } from '../gateway.ts';
import { createScriptedAgent } from '../testing/scripted-agent.ts';
import { startTestGateway, type TestGateway } from '../testing/test-gateway.ts';

let folder: string;
let gateway: TestGateway;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sandpiper-ui-'));
  await mkdir(path.join(folder, 'assets'));
  await writeFile(path.join(folder, 'index.html'), '<!doctype html><title>app</title>');
  await writeFile(path.join(folder, 'assets/app-1a2b.js'), 'run()');
  gateway = await startTestGateway({ uiDir: folder });
});
afterAll(async () => {
  await gateway.close();
  await rm(folder, { recursive: true });
});

const get = (route: string, headers: Record<string, string> = { Accept: 'text/html' }): Promise<Response> =>
  fetch(`${gateway.url}${route}`, { headers });

describe('the pages', () => {
  test.each(['/', '/sessions/abc', '/sign-in?next=/'])('%s is a view of the app, never kept', async (route) => {
    const response = await get(route);
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-cache']);
    expect(await response.text()).toContain('<title>app</title>');
  });

  test('what has a hash in its name is kept for ever', async () => {
    const response = await get('/assets/app-1a2b.js');
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    await response.text();
  });

  test.each(['/assets/gone.js', '/api/v1/nothing', '/docs/nothing'])('%s is no view', async (route) => {
    const response = await get(route);
    expect([401, 403, 404]).toContain(response.status);
    expect(response.headers.get('content-type')).toContain('application/json');
    await response.text();
  });

  test('run nothing that is not ours', async () => {
    const policy = (await get('/')).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain('unsafe-eval');
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("img-src 'self' blob: data:");
  });
});

describe('the documentation', () => {
  test('names only routes that answer, and says of each whether it needs a sign-in', async () => {
    const document = (await (await get('/openapi.json')).json()) as { openapi: string; paths: Record<string, object> };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toContain('/sessions/{id}/files/{path}');
    const user = await gateway.signIn();
    for (const { method, path: route, open } of operations) {
      if (route === '/events') continue;
      const filled = route.replace('{path}', 'a').replaceAll(/\{\w+\}/g, 'x');
      const response = await user.call(
        method.toUpperCase(),
        filled,
        method === 'get' || method === 'delete' ? undefined : {},
      );
      const text = await response.text();
      expect([route, text.includes('ROUTE_NOT_FOUND')]).toEqual([route, false]);
      const bare = await fetch(`${gateway.url}/api/v1${filled}`, { method: method.toUpperCase() });
      if (!open) expect([route, bare.status]).toEqual([route, 401]);
      await bare.text();
    }
  });

  test('is a page that needs no script', async () => {
    const page = await (await get('/docs')).text();
    expect(page).toContain('/sessions/{id}/runs');
    expect(page).not.toContain('<script');
  });
});

describe('probes', () => {
  test('answer without sign-in', async () => {
    expect(await (await get('/healthz')).json()).toEqual({ status: 'ok' });
    expect(await (await get('/readyz')).json()).toEqual({ status: 'ready' });
  });

  test('metrics count requests by route and never by id', async () => {
    const { id } = await (await gateway.signIn()).createSession();
    const text = await (await get('/metrics')).text();
    expect(text).toMatch(
      /sandpiper_http_request_duration_seconds_count\{method="POST",route="\/api\/v1\/sessions",status="201"\} \d/,
    );
    expect(text).toMatch(/sandpiper_events_appended_total [1-9]/);
    expect(text).not.toContain(id);
  });
});

describe('upgrades', () => {
  const open = (route: string, headers: Record<string, string>): Promise<number | 'open'> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}${route}`, { headers });
      socket.on('open', () => resolve('open'));
      socket.on('unexpected-response', (_request, response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      socket.on('error', reject);
    });

  test.each([
    ['of a foreign page', '/ws/vnc?ticket=x', { Origin: 'https://evil.example' }, 403],
    ['without an Origin', '/ws/vnc?ticket=x', {}, 403],
    ['under a foreign name', '/ws/vnc?ticket=x', { Origin: 'http://evil.example', Host: 'evil.example' }, 403],
    ['to nowhere', '/ws/none', { Origin: 'OWN' }, 404],
    ['without a good ticket', '/ws/vnc?ticket=x', { Origin: 'OWN' }, 401],
  ] as const)('%s are refused before they open', async (_name, route, headers, status) => {
    const own = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value === 'OWN' ? gateway.url : value]),
    );
    expect(await open(route, own)).toBe(status);
  });

  test('a client that leaves in mid-handshake harms nobody', async () => {
    const { port } = new URL(gateway.url);
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      `GET /ws/vnc?ticket=x HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    socket.resetAndDestroy();
    expect((await get('/healthz')).status).toBe(200);
  });
});

describe('starting', () => {
  test('a port in use is named', async () => {
    const { port } = new URL(gateway.url);
    const dataDir = path.join(folder, 'other');
    await mkdir(dataDir);
    const { log } = gateway.surroundings;
    const other = await createGateway({
      version: '0',
      dataDir,
      secret: 'x'.repeat(32),
      registration: false,
      log,
      createAgent: createScriptedAgent,
    });
    await expect(other.listen({ host: '127.0.0.1', port: Number(port) })).rejects.toThrow(
      `Port ${port} of 127.0.0.1 is already in use.`,
    );
    await other.close();
  });

  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const runMain = async (
    args: string[],
    env: Record<string, string>,
  ): Promise<{ code: number; out: string; err: string }> => {
    const child = spawn(process.execPath, [main, ...args], { env: { PATH: process.env['PATH'], ...env }, cwd: folder });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    return { code, out, err };
  };

  test('main tells its version and its variables, and without a secret what is missing', async () => {
    expect(await runMain(['--version'], {})).toMatchObject({ code: 0, out: '0.1.0\n' });
    expect((await runMain(['--help'], {})).out).toContain('SANDPIPER_SECRET');
    const bare = await runMain([], {});
    expect(bare.code).toBe(2);
    expect(bare.err).toMatch(/^gateway: SANDPIPER_SECRET: /);
    const short = await runMain([], { SANDPIPER_SECRET: 'short' });
    expect(short.err).toMatch(/^gateway: SANDPIPER_SECRET: must have at least 32 bytes/);
  });

  test('main serves until it is told to stop, and leaves the folder free', async () => {
    const env = {
      PATH: process.env['PATH'],
      SANDPIPER_SECRET: 'x'.repeat(32),
      PORT: '0',
      SANDPIPER_DATA_DIR: path.join(folder, 'data'),
    };
    const child = spawn(process.execPath, [main], { env, cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { url } = JSON.parse(line.toString()) as { url: string };
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const second = await runMain([], {
      SANDPIPER_SECRET: 'x'.repeat(32),
      PORT: '0',
      SANDPIPER_DATA_DIR: path.join(folder, 'data'),
    });
    expect(second.err).toBe(
      `gateway: The data folder ${path.join(folder, 'data')} is in use by another Sandpiper (pid ${child.pid}).\n`,
    );
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
