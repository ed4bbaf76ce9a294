import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SessionEvent } from '@sandpiper/protocol';
import { afterEach, expect, test } from 'vitest';
import { StreamReader } from './testing/stream-reader.ts';

const started: ChildProcess[] = [];
afterEach(() => {
  // Only what a failed assertion left.
  for (const child of started) child.kill('SIGKILL');
});

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

/** A gateway as a process of its own, with the demo for a model, since it has no key. */
async function start(folder: string): Promise<{ child: ChildProcess; url: string }> {
  const env = { SANDPIPER_SECRET: 'x'.repeat(32), PORT: '0', SANDPIPER_DATA_DIR: folder, SANDPIPER_CONFIG_DIR: folder };
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    const url = /"url":"([^"]+)"/.exec(String(chunk))?.[1];
    if (url !== undefined) {
      child.stdout.resume();
      return { child, url };
    }
  }
  throw new Error('The gateway ended before it listened.');
}

test(
  'killed in mid-sentence, a gateway comes back and its run goes on, under a new owner, for the same tab',
  { timeout: 60_000 },
  async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'sandpiper-crash-'));
    const first = await start(folder);
    const post = (url: string, route: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${url}/api/v1${route}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    const account = { email: 'me@example.org', password: 'correct horse' };
    const { accessToken } = (await (await post(first.url, '/auth/register', account)).json()) as {
      accessToken: string;
    };
    const auth = { Authorization: `Bearer ${accessToken}` };
    const { id } = (await (await post(first.url, '/sessions', {}, auth)).json()) as { id: string };
    const before = new StreamReader(first.url, accessToken, id);
    await before.connect();
    await post(first.url, `/sessions/${id}/runs`, { text: 'Hello' }, { ...auth, 'Idempotency-Key': 'k' });
    await before.waitFor(() => before.frames.some(({ name }) => name === 'delta'));
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    before.cut();

    // The token is still good, the cursor too, and what the tab has seen stays as it was.
    const second = await start(folder);
    const after = new StreamReader(second.url, accessToken, id);
    await after.connect();
    await after.waitFor(() => after.events.some(({ type }) => type === 'run.completed'));
    after.cut();
    expect(after.events.slice(0, before.events.length)).toEqual(before.events);
    const owners = after.events.flatMap((event: SessionEvent) => (event.type === 'run.owned' ? [event.epoch] : []));
    expect(owners).toEqual([1, 2]);
    expect(after.events.findLast(({ type }) => type === 'run.completed')).toMatchObject({ outcome: 'completed' });
    second.child.kill('SIGTERM');
    expect(await once(second.child, 'exit')).toEqual([0, null]);
    await rm(folder, { recursive: true });
  },
);
