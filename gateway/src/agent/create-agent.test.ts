import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { authResponse, eventPage, modelsResponse, sessionSummary } from '@sandpiper/protocol';
import { reply, say, startModelServer } from '@sandpiper/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createGateway } from '../gateway.ts';
import type { Gateway } from '../gateway.ts';
import { createAgent } from './create-agent.ts';

let dir: string;
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'sandpiper-configured-'));
  closing.push(() => rm(dir, { recursive: true }));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(env: Record<string, string>): Promise<Gateway> {
  const gateway = await createGateway({
    version: '0.0.0-test',
    dataDir: dir,
    secret: 'a secret of thirty-two bytes or more',
    registration: true,
    log: pino({ level: 'silent' }),
    createAgent: (surroundings) => createAgent(surroundings, { configDir: dir, env }),
  });
  closing.push(() => gateway.close());
  return gateway;
}

test.each(['providers.json', 'mcp.json'])(
  'a broken %s keeps it from starting, with one line that names the file',
  async (name) => {
    await writeFile(path.join(dir, name), '{ "providers": 1, "mcpServers": 1 }');
    await expect(start({})).rejects.toThrow(new RegExp(`^${path.join(dir, name)}: [^\\n]+$`));
  },
);

test('a message sent over HTTP is answered by the configured model', async () => {
  const model = await startModelServer();
  closing.push(() => model.close());
  model.script(reply(say('Answered.')));
  const gateway = await start({ OPENAI_API_KEY: 'key', OPENAI_BASE_URL: model.baseUrl, OPENAI_MODELS: 'scripted' });
  const url = `${await gateway.listen({ host: '127.0.0.1', port: 0 })}/api/v1`;
  const post = (route: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url + route, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  const { code } = gateway.auth.issueLoginCode();
  const { accessToken } = authResponse.parse(await (await post('/auth/login', { code })).json());
  const headers = { authorization: `Bearer ${accessToken}`, 'idempotency-key': 'once' };

  const models = modelsResponse.parse(await (await fetch(`${url}/models`, { headers })).json());
  expect(models.default).toEqual({ provider: 'openai', model: 'scripted' });
  const { id } = sessionSummary.parse(await (await post('/sessions', {}, headers)).json());
  expect((await post(`/sessions/${id}/runs`, { text: 'Hello' }, headers)).status).toBe(202);
  await expect
    .poll(
      async () =>
        eventPage.parse(await (await fetch(`${url}/sessions/${id}/events?after=0`, { headers })).json()).items,
    )
    .toContainEqual(expect.objectContaining({ type: 'message.completed', role: 'assistant', text: 'Answered.' }));
  // Chat only: nothing of a computer is offered, and the model knows.
  const { tools, messages } = (await model.request(0)).body;
  expect(tools!.map((tool) => tool.function.name)).toEqual(['plan_update', 'ask_user']);
  expect(messages![0]!.content).toMatch(/cannot run computers/);
  expect((await model.request(0)).headers['authorization']).toBe('Bearer key');
});
