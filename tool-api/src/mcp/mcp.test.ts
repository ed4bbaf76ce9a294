import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Agent, fetch } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTestSandbox, type TestSandbox } from '../testing/sandbox.ts';

let sandbox: TestSandbox;
let agent: Agent;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  agent = new Agent({ connect: { socketPath: sandbox.socketPath } });
});
afterAll(async () => {
  await agent.destroy();
  await sandbox.close();
});

async function connect(token: string, protocol: '2025' | '2026'): Promise<Client> {
  const mode = protocol === '2025' ? 'legacy' : { pin: '2026-07-28' };
  const connecting = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  const transport = new StreamableHTTPClientTransport(new URL('http://sandbox/mcp'), {
    fetch: ((url: string | URL, init: object) => fetch(url, { ...init, dispatcher: agent })) as never,
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
  await connecting.connect(transport);
  return connecting;
}

describe.each(['2025', '2026'] as const)('a real MCP client of the %s protocol', (protocol) => {
  let client: Client;
  beforeEach(async () => {
    client = await connect(sandbox.token(['tools']), protocol);
  });
  afterEach(() => client.close());

  it('finds the tools with their schemas and calls one', async () => {
    const { tools } = await client.listTools();
    const shellRun = tools.find(({ name }) => name === 'shell_run');
    expect(shellRun?.inputSchema).toMatchObject({ type: 'object', required: ['command'] });
    const result = await client.callTool({ name: 'shell_run', arguments: { command: 'echo hi' } });
    expect(result.structuredContent).toMatchObject({ stdout: { text: 'hi\n' }, exitCode: 0 });
    expect(JSON.parse((result.content as { text: string }[])[0]!.text)).toEqual(result.structuredContent);
  });

  it('is told as a result what a model did wrong', async () => {
    const wrong = await client.callTool({ name: 'files_read', arguments: { path: '../x' } });
    expect(wrong.isError).toBe(true);
    expect(JSON.parse((wrong.content as { text: string }[])[0]!.text)).toMatchObject({ code: 'PATH_OUTSIDE' });
    const unknown = await client.callTool({ name: 'files_read', arguments: { path: 'x', shout: true } });
    expect(JSON.parse((unknown.content as { text: string }[])[0]!.text)).toMatchObject({ issues: [{ path: 'shout' }] });
  });

  // To cancel, a client of 2026 cuts the request. One of 2025 sends a notification, which a server without sessions cannot match
  // to the call that runs elsewhere: there only leaving ends it.
  it(`ends a command by ${protocol === '2025' ? 'leaving' : 'cancelling its call'}`, async () => {
    const stop = new AbortController();
    const input = { command: `echo $$ > ${protocol}.pid; sleep 60`, timeoutMs: 60_000 };
    const call = client.callTool({ name: 'shell_run', arguments: input }, { signal: stop.signal }).catch(() => 'ended');
    const file = path.join(sandbox.workspace, `${protocol}.pid`);
    await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toMatch(/^\d+\n$/));
    if (protocol === '2025') await client.close();
    else stop.abort();
    expect(await call).toBe('ended');
    const pid = readFileSync(file, 'utf8').trim();
    await vi.waitFor(() => expect(() => readFileSync(`/proc/${pid}/stat`)).toThrow(), { timeout: 5000 });
  });

  it('needs the token like everybody else', async () => {
    await expect(connect(sandbox.token(['files']), protocol)).rejects.toThrow();
  });
});
