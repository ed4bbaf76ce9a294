import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestGateway, type TestGateway, type TestUser } from '../testing/test-gateway.ts';

let gateway: TestGateway;
let user: TestUser;
beforeAll(async () => {
  gateway = await startTestGateway();
  user = await gateway.signIn();
});
afterAll(() => gateway.close());

describe('sessions', () => {
  test('are made, named, listed latest change first, and removed', async () => {
    const owner = await gateway.register('list@example.org');
    const first = await owner.createSession();
    const second = await owner.createSession();
    const renamed = await owner.call('PATCH', `/sessions/${first.id}`, { title: '  Trip ' });
    expect(await renamed.json()).toMatchObject({ title: 'Trip', lastSeq: 2 });
    await owner.call('POST', `/sessions/${first.id}/runs`, { text: 'hello' }, { 'Idempotency-Key': 'k1' });
    const list = (await (await owner.call('GET', '/sessions')).json()) as {
      items: { id: string }[];
      nextCursor: unknown;
    };
    expect(list.items.map(({ id }) => id)).toEqual([first.id, second.id]);
    expect(list.nextCursor).toBeNull();
    expect((await owner.call('DELETE', `/sessions/${first.id}`)).status).toBe(204);
    expect((await owner.call('GET', `/sessions/${first.id}`)).status).toBe(404);
  });

  test('pages hold every session once', async () => {
    const owner = await gateway.register('pages@example.org');
    const made = [];
    for (let count = 0; count < 5; count++) made.push((await owner.createSession()).id);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = (await (
        await owner.call('GET', `/sessions?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      ).json()) as {
        items: { id: string }[];
        nextCursor: string | null;
      };
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(seen.toSorted()).toEqual(made.toSorted());
  });

  test('a foreign and an unknown session get the same 404, on every route', async () => {
    const { id } = await user.createSession();
    const stranger = await gateway.register('stranger@example.org');
    const routes: [string, string, unknown?][] = [
      ['GET', ''],
      ['PATCH', '', { title: 'mine' }],
      ['DELETE', ''],
      ['GET', '/events'],
      ['POST', '/runs', { text: 'x' }],
      ['POST', '/runs/r/stop', {}],
      ['POST', '/answers', { questionId: 'q' }],
      ['GET', '/sandbox'],
      ['POST', '/sandbox/wake', {}],
      ['POST', '/sandbox/suspend', {}],
      ['GET', '/files/'],
      ['GET', '/files/a.txt'],
      ['DELETE', '/files/a.txt'],
      ['GET', '/artefacts/a'],
      ['POST', '/tickets', { kind: 'vnc', viewerId: 'v' }],
      ['POST', '/control', { action: 'take', viewerId: 'v' }],
    ];
    for (const [method, route, body] of routes) {
      const headers = { 'Idempotency-Key': 'k' };
      const foreign = await stranger.call(method, `/sessions/${id}${route}`, body, headers);
      const unknown = await stranger.call(method, `/sessions/session-none${route}`, body, headers);
      const [one, other] = [
        (await foreign.text()).replaceAll(id, '*'),
        (await unknown.text()).replaceAll('session-none', '*'),
      ];
      expect([method, route, foreign.status, one]).toEqual([method, route, 404, other]);
    }
    expect((await user.call('GET', `/sessions/${id}`)).status).toBe(200);
  });

  test('a run needs an Idempotency-Key, and the same key starts one run', async () => {
    const { id } = await user.createSession();
    const without = await user.call('POST', `/sessions/${id}/runs`, { text: 'hello' });
    expect(without.status).toBe(400);
    expect(await without.json()).toMatchObject({ issues: [{ path: 'Idempotency-Key' }] });
    const started = await user.call('POST', `/sessions/${id}/runs`, { text: 'hello' }, { 'Idempotency-Key': 'k2' });
    expect(started.status).toBe(202);
    expect(await (await user.call('GET', `/sessions/${id}`)).json()).toMatchObject({ state: 'running' });
  });

  test('a question that is open shows as waiting', async () => {
    const { id } = await user.createSession();
    const { runId } = (await (
      await user.call('POST', `/sessions/${id}/runs`, { text: 'x' }, { 'Idempotency-Key': 'k3' })
    ).json()) as {
      runId: string;
    };
    await gateway.surroundings.hub.append(id, {
      type: 'question.asked',
      questionId: 'q',
      runId,
      kind: 'question',
      text: '?',
    });
    expect(await (await user.call('GET', `/sessions/${id}`)).json()).toMatchObject({ state: 'waiting' });
    expect((await user.call('POST', `/sessions/${id}/answers`, { questionId: 'q', answer: 'yes' })).status).toBe(204);
    expect((await gateway.surroundings.sessions.listActive()).map((record) => record.id)).toContain(id);
  });

  test('many writers at once leave a log without gaps', async () => {
    const { id } = await user.createSession();
    const titles = Array.from({ length: 50 }, (_, index) => `t${index}`);
    await Promise.all(
      titles.map((title) => gateway.surroundings.hub.append(id, { type: 'session.titled', title, by: 'agent' })),
    );
    const { items, lastSeq } = (await (await user.call('GET', `/sessions/${id}/events?limit=1000`)).json()) as {
      items: { seq: number }[];
      lastSeq: number;
    };
    expect(items.map(({ seq }) => seq)).toEqual(Array.from({ length: 51 }, (_, index) => index + 1));
    expect(lastSeq).toBe(51);
  });

  test('deleting one ends what runs in it', async () => {
    const { id } = await user.createSession();
    await user.call('POST', `/sessions/${id}/runs`, { text: 'x' }, { 'Idempotency-Key': 'k4' });
    const seen: string[] = [];
    gateway.surroundings.hub.subscribe(id, (frame) => frame.kind === 'event' && seen.push(frame.event.type));
    expect((await user.call('DELETE', `/sessions/${id}`)).status).toBe(204);
    expect(seen).toEqual(['run.completed']);
    await expect(
      gateway.surroundings.hub.append(id, { type: 'session.titled', title: 'x', by: 'agent' }),
    ).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  });

  test('conversations are there after a restart', async () => {
    const first = await startTestGateway();
    const { id } = await (await first.signIn()).createSession();
    await first.surroundings.hub.append(id, { type: 'session.titled', title: 'kept', by: 'person' });
    const second = await first.restart();
    expect(await (await (await second.signIn()).call('GET', `/sessions/${id}`)).json()).toMatchObject({
      title: 'kept',
      lastSeq: 2,
    });
    await second.close();
  });
});

describe('bad input', () => {
  test.each([
    ['malformed JSON', '{"title":', 400, 'MALFORMED_JSON'],
    ['an unknown field', '{"titel":"x"}', 400, 'INVALID_REQUEST'],
    ['a wrong type', '{"title":1}', 400, 'INVALID_REQUEST'],
    ['no object', '[]', 400, 'INVALID_REQUEST'],
    ['too much', JSON.stringify({ title: 'x'.repeat(1_100_000) }), 413, 'BODY_TOO_LARGE'],
  ])('%s is refused', async (_name, body, status, code) => {
    const { id } = await user.createSession();
    const response = await fetch(`${gateway.url}/api/v1/sessions/${id}`, {
      method: 'PATCH',
      headers: { Authorization: `Bearer ${user.token}`, 'Content-Type': 'application/json' },
      body,
    });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([status, code]);
  });

  test('a body that is not JSON is refused as such', async () => {
    const response = await user.call('POST', '/sessions', {}, { 'Content-Type': 'text/plain' });
    expect(response.status).toBe(415);
  });

  test('an unknown route and a broken escape answer with the envelope', async () => {
    const unknown = await user.call('GET', '/nothing');
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { code: 'ROUTE_NOT_FOUND', retryable: false }]);
    expect((await user.call('GET', '/sessions/%ff')).status).toBe(400);
  });

  test('what nobody expected is logged once, with the id that the client is told, and nothing leaks', async () => {
    const { id } = await user.createSession();
    const before = gateway.logged.length;
    const { hub } = gateway.surroundings;
    const append = hub.append.bind(hub);
    hub.append = () => Promise.reject(new Error('secret detail'));
    const response = await user.call('POST', `/sessions/${id}/runs`, { text: 'x' }, { 'Idempotency-Key': 'k9' });
    hub.append = append;
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(text).not.toContain('secret detail');
    const entries = gateway.logged.slice(before);
    expect(entries).toMatchObject([
      { requestId: response.headers.get('x-request-id'), err: { message: 'secret detail' } },
    ]);
    expect(text).toContain(response.headers.get('x-request-id'));
  });
});
