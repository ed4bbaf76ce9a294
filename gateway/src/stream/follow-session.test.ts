import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  applyDelta,
  emptySession,
  reduce,
  type Delta,
  type SessionEvent,
  type SessionListChange,
} from '@sandpiper/protocol';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../ids.ts';
import { createMemoryBus } from '../sessions/bus.ts';
import type { SessionFrame } from '../sessions/hub.ts';
import { createLiveHub, type LiveHub } from '../sessions/live-hub.ts';
import { openSqliteStores } from '../stores/sqlite/stores.ts';
import type { Stores } from '../stores/stores.ts';
import { followSession } from './follow-session.ts';
import { FrameWriter } from './frame-writer.ts';

let folder: string;
let stores: Stores;
let hub: LiveHub;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sandpiper-follow-'));
  stores = openSqliteStores(path.join(folder, 'test.db'));
  hub = createLiveHub({
    stores,
    frames: createMemoryBus<SessionFrame>(),
    listChanges: createMemoryBus<SessionListChange>(),
    log: pino({ level: 'silent' }),
  });
  await stores.users.create({
    id: 'u',
    email: 'u@example.org',
    name: 'u',
    kind: 'account',
    passwordHash: null,
    createdAt: '',
  });
});
afterAll(async () => {
  await hub.close();
  stores.close();
  await rm(folder, { recursive: true });
});

/** Lets everything else go on for some turns of the event loop, as a store over a network does. */
async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test(
  'whatever happens between the steps of joining, the reader has the log and the text',
  { timeout: 60_000 },
  async () => {
    const delays = fc.record({
      read: fc.nat(3),
      partialsBefore: fc.nat(3),
      partialsAfter: fc.nat(3),
      write: fc.nat(2),
    });
    await fc.assert(
      fc.asyncProperty(
        delays,
        fc.array(fc.constantFrom('grow', 'complete', 'fact', 'pass'), { maxLength: 25 }),
        async (delay, steps) => {
          const sessionId = newId('session');
          const at = new Date().toISOString();
          const record = {
            id: sessionId,
            ownerId: 'u',
            title: null,
            model: null,
            lastSeq: 0,
            createdAt: at,
            updatedAt: at,
          };
          await hub.create({ ...record, state: 'idle', sandbox: { phase: 'none' } });

          let state = emptySession;
          const got: SessionEvent[] = [];
          let text = '';
          let message = 0;
          const shown = (): string => {
            const item = state.timeline.find(({ id }) => id === `m${message}`);
            return item?.kind === 'assistant' ? item.text : '';
          };
          const wrong: string[] = [];
          const take = (frames: string): void => {
            for (const frame of frames.split('\n\n').filter(Boolean)) {
              const [, name, json] = /^event: (\w+)\n(?:id: \d+\n)?data: (.*)$/.exec(frame) ?? [];
              const data = JSON.parse(json ?? '') as unknown;
              if (name === 'session') {
                got.push(data as SessionEvent);
                state = reduce(state, [data as SessionEvent]);
              } else if (name !== 'synced') {
                state = applyDelta(state, data as Delta);
              }
              if (!text.startsWith(shown())) wrong.push(`${shown()} of ${text}`);
            }
          };
          const writer = new FrameWriter({
            queuedBytes: 0,
            write(frames, written) {
              take(frames);
              void pass(delay.write).then(written);
            },
            cutOff: () => wrong.push('cut off'),
          });
          const left = new AbortController();
          const following = followSession(
            {
              writer,
              signal: left.signal,
              events: {
                append: stores.events.append,
                async read(...query) {
                  const page = await stores.events.read(...query);
                  await pass(delay.read);
                  return page;
                },
              },
              hub: {
                append: hub.append.bind(hub),
                grow: hub.grow.bind(hub),
                state: hub.state.bind(hub),
                subscribe: hub.subscribe.bind(hub),
                async partials(id) {
                  await pass(delay.partialsBefore);
                  const partials = await hub.partials(id);
                  await pass(delay.partialsAfter);
                  return partials;
                },
              },
            },
            sessionId,
            0,
          );

          for (const step of steps) {
            if (step === 'grow') {
              const more = `${text.length},`;
              const offset = text.length;
              text += more;
              hub.grow(sessionId, { kind: 'text', id: `m${message}`, runId: 'r', offset, text: more });
            } else if (step === 'complete') {
              await hub.append(sessionId, {
                type: 'message.completed',
                messageId: `m${message}`,
                runId: 'r',
                role: 'assistant',
                text,
              });
              message += 1;
              text = '';
            } else if (step === 'fact') {
              await hub.append(sessionId, { type: 'session.titled', title: 't', by: 'agent' });
            } else {
              await pass(1);
            }
          }
          await following;
          await writer.drained();
          left.abort();
          writer.close();
          expect(wrong).toEqual([]);
          expect(got).toEqual(await stores.events.read(sessionId, 0, 1000));
          expect(shown()).toBe(text);
        },
      ),
      { numRuns: 300 },
    );
  },
);

test('text that has been sent as a whole is not cut short by what was heard before', async () => {
  const sessionId = newId('session');
  const at = new Date().toISOString();
  const record = { id: sessionId, ownerId: 'u', title: null, model: null, lastSeq: 0, createdAt: at, updatedAt: at };
  await hub.create({ ...record, state: 'idle', sandbox: { phase: 'none' } });
  const grow = (offset: number, text: string): void =>
    hub.grow(sessionId, { kind: 'text', id: 'm', runId: 'r', offset, text });
  const sent: string[] = [];
  const writer = new FrameWriter({
    queuedBytes: 0,
    write: (text, written) => {
      sent.push(text);
      queueMicrotask(written);
    },
    cutOff: () => undefined,
  });
  const left = new AbortController();
  const joining: typeof hub.partials = async (id) => {
    grow(0, 'one ');
    grow(4, 'two ');
    const partials = await hub.partials(id);
    await pass(1);
    grow(8, 'three');
    return partials;
  };
  const watched: Parameters<typeof followSession>[0]['hub'] = {
    append: hub.append.bind(hub),
    grow: hub.grow.bind(hub),
    state: hub.state.bind(hub),
    subscribe: hub.subscribe.bind(hub),
    partials: joining,
  };
  await followSession({ hub: watched, events: stores.events, writer, signal: left.signal }, sessionId, 0);
  await writer.drained();
  left.abort();
  writer.close();
  const growth = [...sent.join('').matchAll(/event: (partial|delta)\ndata: (.*)\n\n/g)].map((match) => [
    match[1],
    (JSON.parse(match[2] ?? '') as Delta).text,
  ]);
  expect(growth).toEqual([
    ['partial', 'one two '],
    ['delta', 'three'],
  ]);
});
