import type { AssistantMessageItem, SessionState } from '@sandpiper/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StreamReader } from '../testing/stream-reader.ts';
import { startTestGateway, type TestGateway, type TestUser } from '../testing/test-gateway.ts';

let gateway: TestGateway;
let user: TestUser;

beforeAll(async () => {
  gateway = await startTestGateway();
  user = await gateway.signIn();
});
afterAll(() => gateway.close());

const textOf = (state: SessionState, id: string): string | undefined =>
  state.timeline.find((item): item is AssistantMessageItem => item.kind === 'assistant' && item.id === id)?.text;

/** What may happen while a tab reads. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('grow' as const),
      message: fc.nat(2),
      text: fc.string({ minLength: 1, unit: 'grapheme' }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('complete' as const), message: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fact' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('cut' as const),
      how: fc.constantFrom('header' as const, 'query' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pause' as const), turns: fc.nat(4) }) },
);

describe('the event stream', () => {
  test(
    'any pattern of cuts and cursors yields the log exactly, and the texts exactly',
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
          const { hub } = gateway.surroundings;
          const { id: sessionId } = await user.createSession();
          const reader = new StreamReader(gateway.url, user.token, sessionId);
          const whole = new Map<string, string>();
          let generation = 0;
          const open = new Map<number, { id: string; text: string }>();
          const messageOf = (slot: number): { id: string; text: string } => {
            let message = open.get(slot);
            if (!message) open.set(slot, (message = { id: `m${generation++}`, text: '' }));
            return message;
          };
          // At every moment the tab shows a beginning of what was said, never a gap, never a repetition.
          const wrong: string[] = [];
          reader.onFrame = () => {
            for (const [id, text] of whole) {
              const shown = textOf(reader.state, id) ?? '';
              if (!text.startsWith(shown))
                wrong.push(`${id} shows ${JSON.stringify(shown)} of ${JSON.stringify(text)}`);
            }
          };
          void reader.connect();

          for (const action of steps) {
            if (action.do === 'grow') {
              const message = messageOf(action.message);
              const offset = message.text.length;
              message.text += action.text;
              whole.set(message.id, message.text);
              hub.grow(sessionId, { kind: 'text', id: message.id, runId: 'r', offset, text: action.text });
            } else if (action.do === 'complete') {
              const message = messageOf(action.message);
              open.delete(action.message);
              whole.set(message.id, message.text);
              await hub.append(sessionId, {
                type: 'message.completed',
                messageId: message.id,
                runId: 'r',
                role: 'assistant',
                text: message.text,
              });
            } else if (action.do === 'fact') {
              await hub.append(sessionId, { type: 'session.titled', title: `t${generation}`, by: 'agent' });
            } else if (action.do === 'cut') {
              reader.cut();
              void reader.connect(action.how);
            } else {
              for (let turn = 0; turn < action.turns; turn++) await new Promise((resolve) => setImmediate(resolve));
            }
          }

          const log = await readAll(sessionId);
          const upToDate = (): boolean =>
            reader.state.seq === log.length &&
            [...whole].every(([id, text]) => (textOf(reader.state, id) ?? '') === text);
          await reader.waitFor(upToDate);
          reader.cut();
          expect(wrong).toEqual([]);
          expect(reader.events).toEqual(log);
        }),
        { numRuns: 200 },
      );
    },
  );

  test('a restart of the gateway brings back what was still growing', async () => {
    const first = await startTestGateway();
    const { id } = await (await first.signIn()).createSession();
    first.surroundings.hub.grow(id, { kind: 'text', id: 'm', runId: 'r', offset: 0, text: 'half a sen' });
    const second = await first.restart();
    const reader = new StreamReader(second.url, (await second.signIn()).token, id);
    await reader.connect();
    await reader.waitFor(() => textOf(reader.state, 'm') === 'half a sen');
    reader.cut();
    await second.close();
  });

  test('tells when the log has been sent, and then nothing twice', async () => {
    const { id } = await user.createSession();
    const reader = new StreamReader(gateway.url, user.token, id);
    await reader.connect();
    await reader.waitFor(() => reader.frames.some(({ name }) => name === 'synced'));
    expect(reader.frames.map(({ name, id: seq }) => [name, seq])).toEqual([
      ['session', 1],
      ['synced', undefined],
    ]);
    await gateway.surroundings.hub.append(id, { type: 'session.titled', title: 'Later', by: 'person' });
    await reader.waitFor(() => reader.listChanges.length > 0 && reader.state.seq === 2);
    expect(reader.listChanges).toMatchObject([{ change: 'upserted', session: { id, title: 'Later', lastSeq: 2 } }]);
    reader.cut();
  });

  test('without a session there are only changes of the list, and only of one’s own', async () => {
    const other = await gateway.register('list@example.org');
    const reader = new StreamReader(gateway.url, other.token);
    await reader.connect();
    const first = await other.createSession();
    await user.createSession();
    await other.call('DELETE', `/sessions/${first.id}`);
    await reader.waitFor(() => reader.listChanges.some(({ change }) => change === 'deleted'));
    const ids = reader.listChanges.map((change) => (change.change === 'deleted' ? change.id : change.session.id));
    expect(new Set(ids)).toEqual(new Set([first.id]));
    reader.cut();
  });

  test('eight tabs at once all load, and ordinary requests beside them', async () => {
    const { id } = await user.createSession();
    const readers = Array.from({ length: 8 }, () => new StreamReader(gateway.url, user.token, id));
    await Promise.all(readers.map((reader) => reader.connect()));
    await Promise.all(readers.map((reader) => reader.waitFor(() => reader.state.seq === 1)));
    expect((await user.call('GET', '/sessions')).status).toBe(200);
    for (const reader of readers) reader.cut();
  });

  test('a cursor that is no number is refused with its name', async () => {
    const response = await user.call('GET', '/events?after=x');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'INVALID_REQUEST', issues: [{ path: 'after' }] });
  });

  test('a foreign session is not there', async () => {
    const { id } = await user.createSession();
    const stranger = await gateway.register('stranger@example.org');
    expect((await stranger.call('GET', `/events?session=${id}`)).status).toBe(404);
  });
});

async function readAll(sessionId: string): Promise<unknown[]> {
  const items: unknown[] = [];
  for (;;) {
    const page = (await (
      await user.call('GET', `/sessions/${sessionId}/events?after=${items.length}&limit=1000`)
    ).json()) as {
      items: unknown[];
    };
    if (page.items.length === 0) return items;
    items.push(...page.items);
  }
}
