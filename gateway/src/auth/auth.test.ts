import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGateway } from '../gateway.ts';
import { startTestGateway, type TestGateway } from '../testing/test-gateway.ts';
import { createScriptedAgent } from '../testing/scripted-agent.ts';
import { createAccessTokens } from './access-tokens.ts';
import { createLoginCodes } from './login-codes.ts';
import { createRefreshTokens } from './refresh-tokens.ts';
import type { RefreshRecord, RefreshStore } from '../stores/stores.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

const post = (route: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${gateway.url}/api/v1/auth/${route}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const cookieOf = (response: Response): string => (response.headers.get('set-cookie') ?? '').split(';')[0]!;
const codeOf = async (response: Response): Promise<unknown> => ((await response.json()) as { code: unknown }).code;

describe('accounts', () => {
  test('whoever registers is signed in, and can sign in again', async () => {
    const registered = await post('register', { email: 'Ada@example.org', password: 'correct horse' });
    expect(registered.status).toBe(201);
    expect(registered.headers.get('set-cookie')).toMatch(/; Path=\/api\/v1\/auth; .*HttpOnly; SameSite=Strict/);
    const { accessToken } = (await registered.json()) as { accessToken: string };
    const me = await fetch(`${gateway.url}/api/v1/auth/me`, { headers: { Authorization: `Bearer ${accessToken}` } });
    expect(await me.json()).toMatchObject({ email: 'Ada@example.org', name: 'Ada', kind: 'account' });
    expect((await post('login', { email: 'ada@EXAMPLE.org', password: 'correct horse' })).status).toBe(200);
  });

  test('an address has one account, in whatever case', async () => {
    await post('register', { email: 'twice@example.org', password: 'correct horse' });
    const again = await post('register', { email: 'TWICE@example.org', password: 'another horse' });
    expect([again.status, await codeOf(again)]).toEqual([409, 'EMAIL_TAKEN']);
  });

  test('a wrong password and an unknown address get the same answer', async () => {
    await post('register', { email: 'bob@example.org', password: 'correct horse' });
    const wrong = await post('login', { email: 'bob@example.org', password: 'wrong' });
    const unknown = await post('login', { email: 'nobody@example.org', password: 'wrong' });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(await wrong.json()).toEqual(await unknown.json());
  });

  test('nobody signs in to the local account with a password', async () => {
    await gateway.signIn();
    expect((await post('login', { email: 'local', password: 'x' })).status).toBe(400);
  });

  test.each([
    [{ email: 'no', password: 'correct horse' }, 'email'],
    [{ email: 'a@example.org', password: 'short' }, 'password'],
    [{ email: 'a@example.org', password: 'correct horse', admin: true }, 'admin'],
    [{ email: 1, password: 'correct horse' }, 'email'],
  ])('refuses %j and names the field', async (body, path) => {
    const response = await post('register', body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'INVALID_REQUEST', issues: [{ path }] });
  });

  test('guessing is stopped', async () => {
    const own = await startTestGateway();
    const guess = (): Promise<Response> =>
      fetch(`${own.url}/api/v1/auth/login`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ code: 'guess' }),
      });
    const statuses = [];
    for (let count = 0; count < 32; count++) statuses.push((await guess()).status);
    expect(new Set(statuses.slice(0, 30))).toEqual(new Set([401]));
    expect(statuses.slice(30)).toEqual([429, 429]);
    await own.close();
  });
});

describe('one-time codes', () => {
  test('a code signs the local person in, once', async () => {
    const { code } = gateway.gateway.auth.issueLoginCode();
    const first = await post('login', { code });
    expect(await first.json()).toMatchObject({ user: { id: 'local', kind: 'local' } });
    const second = await post('login', { code });
    expect([second.status, await codeOf(second)]).toEqual([401, 'LOGIN_CODE_INVALID']);
  });

  test('a code expires, and a fresh one can be had', () => {
    let now = 0;
    const codes = createLoginCodes(() => now);
    const { code, expiresAtMs } = codes.issue();
    now = expiresAtMs;
    expect(codes.redeem(code)).toBe(false);
    expect(codes.redeem(codes.issue().code)).toBe(true);
  });
});

describe('refresh', () => {
  test('gives a new token and a new cookie, until the sign-out', async () => {
    const first = await post('login', { code: gateway.gateway.auth.issueLoginCode().code });
    const second = await post('refresh', {}, { Cookie: cookieOf(first) });
    expect(second.status).toBe(200);
    expect(cookieOf(second)).not.toBe(cookieOf(first));
    expect((await post('logout', {}, { Cookie: cookieOf(second) })).status).toBe(204);
    expect((await post('refresh', {}, { Cookie: cookieOf(second) })).status).toBe(401);
  });

  test('from another site is refused before it uses anything up', async () => {
    const signedIn = await post('login', { code: gateway.gateway.auth.issueLoginCode().code });
    const Cookie = cookieOf(signedIn);
    const foreign = await post('refresh', {}, { Cookie, Origin: 'https://evil.example' });
    expect([foreign.status, await codeOf(foreign)]).toEqual([403, 'ORIGIN_REFUSED']);
    expect((await post('refresh', {}, { Cookie, 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403);
    expect((await post('refresh', {}, { Cookie, Origin: gateway.url })).status).toBe(200);
  });

  test('six tabs that load at once are all served', async () => {
    const Cookie = cookieOf(await post('login', { code: gateway.gateway.auth.issueLoginCode().code }));
    const answers = await Promise.all(Array.from({ length: 6 }, () => post('refresh', {}, { Cookie })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  });

  test('a token that turns up again later ends the whole sign-in', async () => {
    let now = 1;
    const tokens = createRefreshTokens(createMapStore(), () => now);
    const stolen = await tokens.issue('u');
    const next = await tokens.rotate(stolen.token);
    now += 31_000;
    expect(await tokens.rotate(stolen.token)).toBeUndefined();
    expect(await tokens.rotate(next!.token)).toBeUndefined();
  });
});

describe('access tokens', () => {
  test('are refused when expired, altered or signed by somebody else', () => {
    let now = Date.now();
    const tokens = createAccessTokens('x'.repeat(32), () => now);
    const { token } = tokens.issue('u');
    expect(tokens.verify(token)).toMatchObject({ userId: 'u' });
    expect(createAccessTokens('y'.repeat(32)).verify(token)).toBeUndefined();
    const [header, payload] = token.split('.') as [string, string];
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    expect(tokens.verify(`${none}.${payload}.`)).toBeUndefined();
    expect(tokens.verify(`${header}.${payload}.AAAA`)).toBeUndefined();
    now += 16 * 60_000;
    expect(tokens.verify(token)).toBeUndefined();
  });

  test.each(['', 'too short'])('a gateway does not start with the secret %j', async (secret) => {
    const parts = { version: '0', dataDir: gateway.dataDir, registration: true, createAgent: createScriptedAgent };
    const { log } = gateway.surroundings;
    await expect(createGateway({ ...parts, log, secret })).rejects.toMatchObject({ code: 'SECRET_MISSING' });
  });

  test('a route without a token answers 401', async () => {
    expect((await fetch(`${gateway.url}/api/v1/sessions`)).status).toBe(401);
    const response = await fetch(`${gateway.url}/api/v1/sessions`, { headers: { Authorization: 'Bearer x' } });
    expect([response.status, await codeOf(response)]).toEqual([401, 'UNAUTHENTICATED']);
  });
});

describe('Host', () => {
  const statusFor = (host: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const target = new URL(gateway.url);
      httpRequest({ host: target.hostname, port: target.port, path: '/healthz', headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });

  test.each([
    ['localhost:8000', 200],
    ['127.0.0.1', 200],
    ['[::1]:8000', 200],
    ['sandpiper.localhost:1', 200],
    ['evil.example', 403],
    ['localhost.evil.example:8000', 403],
    ['127.0.0.1.evil.example', 403],
    ['user@localhost', 403],
  ])('%s → %i', async (host, status) => {
    expect(await statusFor(host)).toBe(status);
  });
});

/** In memory, for a test that moves the clock. */
function createMapStore(): RefreshStore {
  const held = new Map<string, RefreshRecord>();
  return {
    create: (record) => Promise.resolve(void held.set(record.hash, record)),
    find: (hash) => Promise.resolve(held.get(hash)),
    use(hash, atMs) {
      const record = held.get(hash);
      if (record?.usedAtMs !== null) return Promise.resolve(false);
      held.set(hash, { ...record, usedAtMs: atMs });
      return Promise.resolve(true);
    },
    revokeFamily(familyId) {
      for (const [hash, record] of held) if (record.familyId === familyId) held.delete(hash);
      return Promise.resolve();
    },
    prune: () => Promise.resolve(),
  };
}
