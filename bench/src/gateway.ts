import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { authResponse, sandboxView, sessionSummary } from '@sandpiper/protocol';
import { startSandpiper } from '@sandpiper/testing';

/** What `npm start` runs, in a process of its own, with one account signed in. */
export interface RunningGateway {
  url: string;
  pid: number;
  /** JSON in, JSON out; rejects on any status but 2xx. */
  request(method: string, route: string, body?: unknown): Promise<unknown>;
  newSession(): Promise<string>;
  /** Starts the session's computer; resolves when its desktop is ready. */
  wake(sessionId: string): Promise<void>;
  /** The session's event stream, from now on, as text of its `data:` lines by event name. */
  events(sessionId: string, onFrame: (event: string, data: string) => void): Promise<() => void>;
  close(): Promise<void>;
}

export async function startGateway(modelBaseUrl: string): Promise<RunningGateway> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'sandpiper-bench-'));
  const configDir = path.join(dataDir, 'config');
  const providers = { providers: { bench: { baseUrl: modelBaseUrl, models: ['scripted'] } } };
  await mkdir(configDir);
  await writeFile(path.join(configDir, 'providers.json'), JSON.stringify(providers));
  const program = await startSandpiper({
    dataDir,
    inherited: process.env,
    env: { SANDPIPER_CONFIG_DIR: configDir },
  });
  const { url } = program;
  let accessToken = '';
  const call = async (method: string, route: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${url}/api/v1/${route}`, {
      method,
      headers: {
        'content-type': 'application/json',
        'idempotency-key': crypto.randomUUID(),
        ...(accessToken === '' ? {} : { authorization: `Bearer ${accessToken}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  };
  const code = new URLSearchParams(new URL(program.signInUrl).hash.slice(1)).get('code');
  ({ accessToken } = authResponse.parse(await call('POST', 'auth/login', { code })));

  return {
    url,
    pid: program.process.pid ?? 0,
    request: call,
    async newSession() {
      const created = await call('POST', 'sessions', { model: { provider: 'bench', model: 'scripted' } });
      return sessionSummary.parse(created).id;
    },
    async wake(sessionId) {
      await call('POST', `sessions/${sessionId}/sandbox/wake`);
      const deadline = performance.now() + 30_000;
      while (sandboxView.parse(await call('GET', `sessions/${sessionId}/sandbox`)).phase !== 'ready') {
        if (performance.now() > deadline) throw new Error('The computer did not become ready within 30 s.');
        await sleep(50);
      }
    },
    async events(sessionId, onFrame) {
      const abort = new AbortController();
      const response = await fetch(`${url}/api/v1/events?session=${sessionId}`, {
        headers: { authorization: `Bearer ${accessToken}`, accept: 'text/event-stream' },
        signal: abort.signal,
      });
      if (!response.body) throw new Error('The event stream has no body.');
      const synced = Promise.withResolvers<undefined>();
      void readFrames(response.body, (event, data) => {
        if (event === 'synced') synced.resolve(undefined);
        onFrame(event, data);
      }).catch(() => undefined);
      await synced.promise;
      return () => abort.abort();
    },
    async close() {
      await program.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Splits Server-Sent Events as they arrive; both sides of a comparison read with it. */
export async function readFrames(
  body: ReadableStream<Uint8Array>,
  onFrame: (event: string, data: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let held = '';
  for await (const chunk of body) {
    held += decoder.decode(chunk, { stream: true });
    const frames = held.split('\n\n');
    held = frames.pop() ?? '';
    for (const frame of frames) {
      const lines = frame.split('\n');
      const valueOf = (field: string): string =>
        lines
          .find((line) => line.startsWith(`${field}:`))
          ?.slice(field.length + 1)
          .trim() ?? '';
      onFrame(valueOf('event'), valueOf('data'));
    }
  }
}
