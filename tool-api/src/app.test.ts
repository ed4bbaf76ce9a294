import { once } from 'node:events';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestSandbox, type TestSandbox } from './testing/sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
});
afterAll(() => sandbox.close());

describe('the way in', () => {
  it('needs no token for health, which says only component states', async () => {
    expect((await sandbox.send('GET', '/healthz', { scopes: null })).json).toEqual({ status: 'ok' });
    const ready = await sandbox.send('GET', '/readyz', { scopes: null });
    expect(ready.status).toBe(200);
    expect(ready.json).toEqual({
      status: 'ready',
      components: { x: 'off', windowManager: 'off', vnc: 'off', browser: 'off', toolApi: 'ready' },
    });
  });

  it('refuses every other path without a token, known or not, in the same way', async () => {
    const document = (await sandbox.send('GET', '/openapi.json')).json as { paths: Record<string, object> };
    const known = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method.toUpperCase(), path.replaceAll(/[{}]/g, '')] as const),
    );
    expect(known.length).toBeGreaterThan(5);
    for (const [method, path] of [...known, ['GET', '/nothing'] as const]) {
      const answer = await sandbox.send(method, path, { scopes: null });
      expect([method, path, answer.status]).toEqual([method, path, 401]);
    }
  });

  it('refuses a token of the wrong scope with 403, and of another issuer than the scope allows', async () => {
    expect((await sandbox.send('GET', '/v1/tools', { scopes: ['files'] })).json).toMatchObject({
      code: 'SCOPE_DENIED',
    });
    const manager = await sandbox.send('GET', '/v1/tools', { scopes: ['tools'], issuer: 'manager' });
    expect([manager.status, manager.json]).toEqual([403, expect.objectContaining({ code: 'SCOPE_DENIED' })]);
  });

  it('takes the token in a header of its own as well, for proxies that keep Authorization for themselves', async () => {
    const token = sandbox.token(['lifecycle'], 'operator');
    const headers = { 'sandpiper-authorization': `Bearer ${token}` };
    const answer = await sandbox.send('DELETE', '/v1/suspend', { scopes: null, headers });
    expect(answer.status).toBeLessThan(300);
    const wrong = { 'sandpiper-authorization': 'Bearer nonsense' };
    expect((await sandbox.send('DELETE', '/v1/suspend', { scopes: ['lifecycle'], headers: wrong })).status).toBe(401);
  });

  it('answers a WebSocket upgrade without a token in plain HTTP', async () => {
    const socket = net.connect(sandbox.socketPath);
    socket.write(
      'GET /v1/pty HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 401 Unauthorized[\s\S]*"code":"UNAUTHENTICATED"/);
  });
});

describe('bad input', () => {
  it('gets 400 with the dotted path of what is wrong', async () => {
    const unknown = await sandbox.send('POST', '/v1/tools/shell_run', {
      body: { command: 'true', shout: 1, env: { 'A-B': 'x' } },
    });
    expect(unknown.status).toBe(400);
    const { code, issues } = unknown.json as { code: string; issues: { path: string }[] };
    expect(code).toBe('INVALID_REQUEST');
    expect(issues.map(({ path }) => path).sort()).toEqual(['env.A-B', 'shout']);
  });

  it.each([['{"a":'], ['[]'], ['"x"'], ['null']])('refuses the body %s', async (body) => {
    const answer = await sandbox.send('POST', '/v1/tools/shell_run', { body });
    expect([answer.status, answer.json]).toEqual([400, expect.objectContaining({ code: 'INVALID_REQUEST' })]);
  });

  it('refuses a body that is too large, an unknown tool and an unknown route', async () => {
    const large = await sandbox.send('POST', '/v1/tools/shell_run', {
      body: `{"command":"${'x'.repeat(21_000_000)}"}`,
    });
    expect([large.status, large.json]).toEqual([413, expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' })]);
    expect((await sandbox.send('POST', '/v1/tools/nothing', { body: {} })).json).toMatchObject({
      code: 'TOOL_NOT_FOUND',
    });
    expect((await sandbox.send('GET', '/v1/nothing')).json).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
  });
});

describe('descriptions', () => {
  it('come from one definition: tool list, OpenAPI and MCP agree', async () => {
    const { tools } = (await sandbox.send('GET', '/v1/tools')).json as {
      tools: { name: string; inputSchema: object }[];
    };
    const { paths } = (await sandbox.send('GET', '/openapi.json')).json as { paths: Record<string, object> };
    const mcp = await sandbox.send('POST', '/mcp', {
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} },
    });
    const line =
      mcp.text
        .split('\n')
        .find((part) => part.startsWith('data:'))
        ?.slice('data:'.length) ?? mcp.text;
    const { result } = JSON.parse(line) as { result: { tools: { name: string }[] } };
    const names = tools.map(({ name }) => name);
    expect(names).toContain('shell_run');
    expect(result.tools.map(({ name }) => name)).toEqual(names);
    for (const name of names) expect(paths).toHaveProperty([`/v1/tools/${name}`]);
    expect(tools.find(({ name }) => name === 'shell_run')?.inputSchema).toMatchObject({
      additionalProperties: false,
      required: ['command'],
    });
  });
});
