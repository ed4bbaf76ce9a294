import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { callTools, reply, say } from '@sandpiper/testing';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { createNoComputers } from '../computers/no-computers.ts';
import { createToolbox } from '../agent/tools/toolbox.ts';
import { ended, startRunBench } from '../runs/testing/run-bench.ts';
import { expandVariables, readMcpConfig } from './config.ts';
import { connectMcpServers } from './servers.ts';
import type { McpServers } from './servers.ts';
import { modelToolName } from './names.ts';
import { readResult } from './results.ts';

const everything = createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/dist/index.js');
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const connect = (mcpServers: unknown, env: Record<string, string> = {}, options = {}): McpServers => {
  const servers = connectMcpServers(readMcpConfig({ path: 'mcp.json', text: JSON.stringify({ mcpServers }) }), {
    version: '0',
    env,
    logger: pino({ level: 'silent' }),
    artefacts: {
      put: () => Promise.reject(new Error('unused')),
      get: () => Promise.resolve(undefined),
      deleteSession: () => Promise.resolve(),
    },
    firstRetryMs: 20,
    ...options,
  });
  closing.push(() => servers.close());
  return servers;
};
const stdio = { command: process.execPath, args: [everything, 'stdio'] };

describe('a real server over stdio', () => {
  test('is used by a run: text, a picture that the model sees, an error it is told', async () => {
    let servers: McpServers | undefined;
    const bench = await startRunBench({
      toolbox: ({ artefacts }) => {
        servers ??= connectMcpServers(
          readMcpConfig({ path: 'x', text: JSON.stringify({ mcpServers: { every: stdio } }) }),
          {
            version: '0',
            env: {},
            logger: pino({ level: 'silent' }),
            artefacts,
          },
        );
        return createToolbox({ computers: createNoComputers([]), artefacts, sources: [servers] });
      },
    });
    closing.push(
      () => bench.close(),
      () => servers!.close(),
    );
    await servers!.settled();
    bench.model.script(
      reply(
        callTools([
          { name: 'mcp__every__get-sum', arguments: { a: 2, b: 40 } },
          { name: 'mcp__every__get-tiny-image' },
          { name: 'mcp__every__get-sum', arguments: { a: 'no number' } },
        ]),
      ),
      reply(say('ok')),
    );
    const id = await bench.newSession();
    await bench.runs.start(id, { text: 'x' }, 'k');
    const { timeline } = await bench.until(id, ended);
    const calls = timeline.filter((item) => item.kind === 'tool');
    expect(calls.map(({ state, server }) => `${server} ${state}`)).toEqual(['every ok', 'every ok', 'every error']);
    expect(calls[0]!.output).toContain('42');
    expect(calls[1]!.artefacts).toMatchObject([{ kind: 'screenshot', mimeType: 'image/png' }]);
    const { tools, messages } = bench.model.requests.filter(({ body }) => body.stream).at(-1)!.body;
    expect(tools!.map((tool) => tool.function.name)).toContain('mcp__every__echo');
    expect(JSON.stringify(messages!.at(-1))).toContain('data:image/png;base64,');
  });

  test('sees nothing of our environment but what it is given', async () => {
    process.env['SANDPIPER_TEST_SECRET'] = 'secret';
    closing.push(() => delete process.env['SANDPIPER_TEST_SECRET']);
    const servers = connect({ every: { ...stdio, env: { GIVEN: 'is ${WHAT}' } } }, { WHAT: 'this' });
    await servers.settled();
    const tool = servers.tools().find(({ name }) => name === 'mcp__every__get-env')!;
    const text = await tool.run({}, { signal: new AbortController().signal } as never);
    expect(text).toContain('is this');
    expect(text).not.toContain('secret');
  });

  test('is connected again when it dies', async () => {
    const servers = connect({ every: stdio });
    await servers.settled();
    const pid = childrenOf(process.pid, everything)[0]!;
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => servers.list().servers[0]!.status).not.toBe('connected');
    expect(servers.tools()).toEqual([]);
    await expect.poll(() => servers.list().servers[0]!.status, { timeout: 10_000 }).toBe('connected');
    expect(servers.tools().length).toBeGreaterThan(5);
  });
});

test('a real server over streamable HTTP', async () => {
  const port = await freePort();
  const child = spawn(process.execPath, [everything, 'streamableHttp'], {
    env: { PATH: process.env['PATH'], PORT: `${port}` },
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  closing.push(() => (child.kill(), exited));
  const servers = connect({ web: { url: `http://127.0.0.1:${port}/mcp` } });
  await expect.poll(() => servers.list().servers[0]!.status, { timeout: 10_000 }).toBe('connected');
  const sum = servers.tools().find(({ name }) => name === 'mcp__web__get-sum')!;
  expect(await sum.run({ a: 1, b: 2 }, { signal: new AbortController().signal } as never)).toContain('3');
});

test('broken servers hold nothing up, and say why', async () => {
  const silent: Server = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  closing.push(() => (silent.closeAllConnections(), silent.close()));
  const servers = connect(
    {
      missing: { command: '/no/such/program' },
      ends: { command: 'false' },
      silent: { url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/mcp` },
      variable: { url: 'http://127.0.0.1:1/mcp', headers: { Authorization: 'Bearer ${NOT_SET}' } },
      off: { command: 'true', disabled: true },
    },
    {},
    { connectTimeoutMs: 200, firstRetryMs: 60_000 },
  );
  expect(servers.tools()).toEqual([]);
  await servers.settled();
  const list = servers.list().servers;
  expect(list.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed', 'failed', 'disabled']);
  expect(list[0]!.error).toMatch(/ENOENT/);
  expect(list[3]!.error).toBe('the variable NOT_SET is not set');
});

describe('mcp.json', () => {
  test.each([
    ['{', /^mcp\.json: \(top\): is not JSON/],
    ['{}', /^mcp\.json: mcpServers: /],
    ['{"mcpServers":{"a b":{"command":"x"}}}', /^mcp\.json: mcpServers\.a b: /],
    ['{"mcpServers":{"a":{}}}', /^mcp\.json: mcpServers\.a: needs command/],
    ['{"mcpServers":{"a":{"command":"x","url":"http://x"}}}', /^mcp\.json: mcpServers\.a: has both/],
    ['{"mcpServers":{"a":{"command":"x","argz":[]}}}', /^mcp\.json: mcpServers\.a\.argz: is not a known field$/],
    ['{"mcpServers":{"a":{"url":"ftp://x"}}}', /^mcp\.json: mcpServers\.a\.url: is not an http/],
    ['{"mcpServers":{"a":{"command":"x","args":"y"}}}', /^mcp\.json: mcpServers\.a\.args: /],
  ])('%s is refused in one line', (text, line) => {
    const read = () => readMcpConfig({ path: 'mcp.json', text });
    expect(read).toThrow(line);
    expect(read).not.toThrow(/\n/);
  });

  test('variables are filled in', () => {
    expect(expandVariables('a ${B} $C ${D_1}', { B: 'b', D_1: '' })).toBe('a b $C ');
  });
});

describe('names', () => {
  const pairs: [string, string][] = [
    ['a', 'b'],
    ['a', 'b c'],
    ['a', 'b_c'],
    ['a b', 'c'],
    ['a_b', 'c'],
    ['a__b', 'c'],
    ['a', 'b__c'],
    ['a_', 'b'],
    ['a', '_b'],
    ['ä', 'b'],
    ['ö', 'b'],
    ['a', 'x'.repeat(80)],
    ['a', `${'x'.repeat(79)}y`],
    ['a', '文件'],
    ['a', '文字'],
  ];
  test('never meet, and are accepted everywhere', () => {
    const names = pairs.map(([server, tool]) => modelToolName(server, tool));
    expect(new Set(names).size).toBe(pairs.length);
    for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(names[0]).toBe('mcp__a__b');
  });
});

test('a result that is too much is bounded', () => {
  const image = { type: 'image' as const, mimeType: 'image/png', data: Buffer.alloc(10).toString('base64') };
  const { text, pictures } = readResult({
    content: [
      { type: 'text', text: 'x'.repeat(1e6) },
      ...Array.from({ length: 50 }, () => image),
      { ...image, mimeType: 'text/html' },
    ],
  });
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(32 * 1024);
  expect(pictures).toHaveLength(4);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function childrenOf(parent: number, argument: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const ppid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return ppid === parent && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(argument);
      } catch {
        return false;
      }
    });
}
