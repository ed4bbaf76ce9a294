import { createSigner, generateKeyPair } from '@sandpiper/capability';
import { createInstanceClient } from '@sandpiper/instance';
import type { SessionEvent } from '@sandpiper/protocol';
import { SandboxError } from '@sandpiper/sandboxes';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { GatewayParts } from '../gateway.ts';
import { createHeldSandboxes, type HeldSandboxes } from '../testing/held-sandboxes.ts';
import { startTestGateway, type TestGateway, type TestUser } from '../testing/test-gateway.ts';

let gateway: TestGateway;
let user: TestUser;
let sandboxes: HeldSandboxes;
let parts: Partial<GatewayParts>;

beforeAll(async () => {
  sandboxes = createHeldSandboxes({ address: 'http://127.0.0.1:9', uid: 'u1' });
  const { kid, privateKeyPem } = generateKeyPair();
  parts = {
    computers: {
      sandboxes,
      signer: createSigner({ kid, privateKeyPem, issuer: 'gateway' }),
      connectInstance: ({ address, uid }, signer) => createInstanceClient({ address, uid, signer }),
    },
    notes: ['Limits are soft here.'],
  };
  gateway = await startTestGateway(parts);
  user = await gateway.signIn();
});
afterAll(() => gateway.close());

async function phasesOf(id: string): Promise<(readonly [string, string | undefined])[]> {
  const { items } = (await (await user.call('GET', `/sessions/${id}/events?limit=1000`)).json()) as {
    items: SessionEvent[];
  };
  return items.flatMap((event) => (event.type === 'sandbox.phase' ? [[event.phase, event.reason] as const] : []));
}

describe('computers', () => {
  test('the first need makes one, callers at once share the way, and only real phases are recorded', async () => {
    const { id } = await user.createSession();
    const { computers } = gateway.surroundings;
    sandboxes.calls.length = 0;
    const clients = await Promise.all([1, 2, 3].map(() => computers.connect(id, { need: 'tools' })));
    expect(new Set(clients).size).toBe(1);
    expect(sandboxes.calls).toEqual(['connect', 'ensure local', 'connect']);
    sandboxes.become(id, { status: 'True', reason: 'Ready', message: 'Ready, said again.' });
    await vi.waitFor(async () => expect(await phasesOf(id)).toHaveLength(2));
    expect(await phasesOf(id)).toEqual([
      ['creating', 'Creating'],
      ['ready', 'Ready'],
    ]);
    expect(await (await user.call('GET', `/sessions/${id}/sandbox`)).json()).toMatchObject({ phase: 'ready' });
  });

  test.each([
    ['SANDBOX_FAILED', 503, 'COMPUTER_FAILED'],
    ['SANDBOX_FINISHED', 410, 'COMPUTER_FINISHED'],
    ['SANDBOX_TIMEOUT', 504, 'COMPUTER_TIMEOUT'],
    ['SANDBOX_LIMIT', 503, 'SANDBOX_LIMIT'],
    ['SANDBOXES_UNAVAILABLE', 503, 'SANDBOXES_UNAVAILABLE'],
  ] as const)('%s reaches the person as %i %s', async (code, status, expected) => {
    const { id } = await user.createSession();
    await gateway.surroundings.computers.connect(id, { need: 'tools' });
    sandboxes.refuseWith = new SandboxError(code, 'It said so.');
    const response = await user.call('GET', `/sessions/${id}/files/`);
    expect([response.status, await response.json()]).toMatchObject([status, { code: expected }]);
  });

  test('a lack of room is told with its cause, and when to ask again', async () => {
    const { id } = await user.createSession();
    await gateway.surroundings.computers.connect(id, { need: 'tools' });
    const message = 'There is no room for this sandbox at present: 0/3 nodes are available.';
    sandboxes.refuseWith = new SandboxError('SANDBOX_CAPACITY', message, { retryAfterMs: 29_500 });
    const response = await user.call('GET', `/sessions/${id}/files/`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '30']);
    expect(await response.json()).toMatchObject({
      code: 'COMPUTER_CAPACITY',
      retryable: true,
      message: expect.stringContaining('0/3 nodes are available') as string,
    });
  });

  test('who gives up waiting does not take the others along', async () => {
    const { id } = await user.createSession();
    const { computers } = gateway.surroundings;
    const leaving = new AbortController();
    const left = computers.connect(id, { need: 'desktop', signal: leaving.signal });
    const staying = computers.connect(id, { need: 'desktop' });
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    await expect(staying).resolves.toMatchObject({ uid: 'u1' });
  });

  test('rest and wake are wishes, also before there is anything', async () => {
    const { id } = await user.createSession();
    expect((await user.call('POST', `/sessions/${id}/sandbox/suspend`)).status).toBe(200);
    expect((await user.call('POST', `/sessions/${id}/sandbox/wake`)).status).toBe(200);
    expect(sandboxes.calls.slice(-2)).toEqual(['ensure local', 'wake']);
  });

  test('a deleted session leaves no computer, and its last phases no error', async () => {
    const { id } = await user.createSession();
    await gateway.surroundings.computers.connect(id, { need: 'tools' });
    expect((await user.call('DELETE', `/sessions/${id}`)).status).toBe(204);
    expect(sandboxes.calls.at(-1)).toBe('delete');
    sandboxes.become(id, { status: 'False', reason: 'Deleting', message: '' });
    expect(gateway.logged).toEqual([]);
  });

  test('what became of a computer while the gateway was down is recorded when it is back', async () => {
    const first = await startTestGateway(parts);
    const { id } = await (await first.signIn()).createSession();
    await first.surroundings.computers.connect(id, { need: 'tools' });
    await vi.waitFor(async () =>
      expect(await first.surroundings.hub.state(id)).toMatchObject({ sandbox: { phase: 'ready' } }),
    );
    await first.gateway.close();
    sandboxes.become(id, { status: 'False', reason: 'Suspending', message: '' });
    const second = await startTestGateway(parts, first.dataDir);
    expect(await second.surroundings.hub.state(id)).toMatchObject({ sandbox: { phase: 'suspending' } });
    await second.gateway.close();

    // Once more, with a cluster that answers later than the gateway starts.
    sandboxes.become(id, { status: 'False', reason: 'Creating', message: '' });
    const known = { isReady: false };
    const checkReady = (): Promise<void> => (known.isReady ? Promise.resolve() : Promise.reject(new Error('Not yet.')));
    const third = await startTestGateway({ ...parts, computers: { ...parts.computers!, checkReady } }, first.dataDir);
    expect((await fetch(`${third.url}/readyz`)).status).toBe(503);
    expect(await third.surroundings.hub.state(id)).toMatchObject({ sandbox: { phase: 'suspending' } });
    known.isReady = true;
    await vi.waitFor(
      async () => expect(await third.surroundings.hub.state(id)).toMatchObject({ sandbox: { phase: 'creating' } }),
      { timeout: 10_000 },
    );
    await third.close();
  });

  test('an instance that does not answer is the sandbox’s failure, not a wrong request', async () => {
    const { id } = await user.createSession();
    const response = await user.call('GET', `/sessions/${id}/files/`);
    expect([response.status, await response.json()]).toMatchObject([
      503,
      { code: 'INSTANCE_UNREACHABLE', retryable: true },
    ]);
  });
});

test('a host without computers says why, everywhere', async () => {
  const own = await startTestGateway({ notes: ['bubblewrap is missing: apt-get install bubblewrap.'] });
  const person = await own.signIn();
  const { id, sandbox } = await person.createSession();
  expect(sandbox).toEqual({ phase: 'none' });
  expect(await (await person.call('GET', `/sessions/${id}/sandbox`)).json()).toMatchObject({ phase: 'unavailable' });
  expect(await (await person.call('GET', '/system')).json()).toMatchObject({
    computers: { available: false, notes: ['bubblewrap is missing: apt-get install bubblewrap.'] },
  });
  const response = await person.call('POST', `/sessions/${id}/sandbox/wake`);
  expect([response.status, await response.json()]).toMatchObject([503, { code: 'COMPUTERS_UNAVAILABLE' }]);
  expect((await person.call('DELETE', `/sessions/${id}`)).status).toBe(204);
  await own.close();
});
