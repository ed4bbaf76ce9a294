import { emptySession, reduce } from '@sandpiper/protocol';
import type { EventInput, SessionEvent, SessionState } from '@sandpiper/protocol';
import { describe, expect, test } from 'vitest';
import type { ModelMessage } from '../providers/provider.ts';
import { boundJson, boundText } from './bounded-text.ts';
import { fitContext } from './context-window.ts';
import { toModelMessages } from './messages.ts';
import { titleFrom } from './titles.ts';

const at = '2026-01-01T00:00:00.000Z';
const model = { provider: 'p', model: 'm' };
const fold = (...events: EventInput[]): SessionState =>
  reduce(
    emptySession,
    events.map(
      (event, index) =>
        ({
          attachments: [],
          interrupted: false,
          demo: false,
          artefacts: [],
          options: [],
          ...event,
          seq: index + 1,
          at,
        }) as unknown as SessionEvent,
    ),
  );
const said = (text: string, messageId = 'u'): EventInput => ({
  type: 'message.completed',
  messageId,
  role: 'user',
  text,
});
const requested: EventInput = { type: 'run.requested', runId: 'r', messageId: 'u', model };
const answered = (text: string, messageId = 'a', interrupted = false): EventInput => ({
  type: 'message.completed',
  messageId,
  runId: 'r',
  role: 'assistant',
  text,
  interrupted,
});
const started = (callId: string, name = 'shell_run'): EventInput => ({
  type: 'tool.started',
  runId: 'r',
  callId,
  messageId: 'a',
  name,
  input: { x: 1 },
});
const derive = (state: SessionState, images = new Map<string, string>()) =>
  toModelMessages(state, { system: 'S', images }).slice(1);

describe('the model is sent', () => {
  test('calls with their results, whatever came of them', () => {
    const state = fold(
      said('hi'),
      requested,
      answered(''),
      started('1'),
      { type: 'tool.completed', runId: 'r', callId: '1', outcome: 'stopped', output: 'so far', durationMs: 1 },
      started('2'),
    );
    expect(derive(state)).toEqual([
      { role: 'user', content: 'hi' },
      expect.objectContaining({ role: 'assistant', content: null }),
      { role: 'tool', tool_call_id: '1', content: expect.stringMatching(/^so far\n\[The person stopped/) as string },
      { role: 'tool', tool_call_id: '2', content: expect.stringMatching(/interrupted by a restart/) as string },
    ]);
  });

  test('attachments by path, and pictures where it can see', () => {
    const screenshot = { id: 'art', kind: 'screenshot' as const, mimeType: 'image/jpeg', sizeBytes: 9 };
    const state = fold(
      { ...said('look'), attachments: [{ path: 'in/a.csv', name: 'a.csv', sizeBytes: 3 }] } as EventInput,
      requested,
      answered('I look'),
      started('1', 'browser_screenshot'),
      {
        type: 'tool.completed',
        runId: 'r',
        callId: '1',
        outcome: 'ok',
        output: '{}',
        durationMs: 1,
        artefacts: [screenshot],
      },
    );
    expect(derive(state)[0]!.content).toMatch(/look\n\nAttached files, in the workspace:\n- in\/a\.csv \(3 bytes\)/);
    expect(derive(state).at(-1)!.role).toBe('tool');
    expect(JSON.stringify(derive(state, new Map([['art', 'data:x']])).at(-1))).toContain('{"url":"data:x"}');
  });

  test('no two messages of the person in a row, and no empty ones of its own', () => {
    const end: EventInput = { type: 'run.completed', runId: 'r', outcome: 'stopped', durationMs: 1, steps: 1 };
    const messages = derive(fold(said('one'), requested, answered('', 'a', true), end, said('two', 'u2')));
    expect(messages).toEqual([{ role: 'user', content: 'one\n\n[Sandpiper: The person stopped you here.]\n\ntwo' }]);
  });
});

describe('a long conversation', () => {
  const turn = (index: number, chars: number): ModelMessage[] => [
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: `${index}`, type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: `${index}`, content: 'x'.repeat(chars) },
  ];
  const talk = (turns: number, chars: number): ModelMessage[] => [
    { role: 'user', content: 'the task' },
    ...Array.from({ length: turns }, (_, index) => turn(index, chars)).flat(),
  ];
  const size = (messages: ModelMessage[]) => JSON.stringify(messages).length;

  test('is left alone while it fits', () => {
    const messages = talk(5, 1000);
    expect(fitContext(messages, 10_000)).toBe(messages);
  });

  test('fits, keeps the task and the newest, and every result has its call', () => {
    for (const turns of [30, 300]) {
      const fitted = fitContext(talk(turns, 2_000), 40_000);
      expect(size(fitted)).toBeLessThan(60_000);
      expect(fitted[0]).toEqual({ role: 'user', content: 'the task' });
      expect(fitted.at(-1)!.content).toHaveLength(2_000);
      const ids = new Set<string>();
      for (const message of fitted) {
        if (message.role === 'assistant') for (const { id } of message.tool_calls ?? []) ids.add(id);
        if (message.role === 'tool') expect(ids.has(message.tool_call_id)).toBe(true);
      }
    }
  });

  test('keeps its beginning the same from turn to turn, most of the time', () => {
    let changes = 0;
    let before: ModelMessage[] = [];
    for (let turns = 30; turns < 60; turns++) {
      const fitted = fitContext(talk(turns, 2_000), 40_000);
      const head = JSON.stringify(fitted.slice(0, 20));
      if (before.length > 0 && head !== JSON.stringify(before.slice(0, 20))) changes++;
      before = fitted;
    }
    expect(changes).toBeLessThan(10);
  });
});

describe('bounds', () => {
  test.each(['a'.repeat(1e5), '文'.repeat(5e4), '👩‍🚀'.repeat(1e4)])(
    'text keeps its ends, whole characters, and the limit',
    (text) => {
      const bounded = boundText(text, 1000);
      expect(Buffer.byteLength(bounded)).toBeLessThanOrEqual(1000);
      expect(bounded).not.toContain('\ufffd');
      expect(bounded).toMatch(/\[… \d+ bytes left out …\]/);
      expect(text.startsWith(bounded.split('\n')[0]!)).toBe(true);
    },
  );

  test('JSON stays JSON', () => {
    const value = { exitCode: 0, stdout: { text: '"\n'.repeat(1e5) }, stderr: { text: 'y'.repeat(1e5) } };
    const bounded = boundJson(value, 32_768);
    expect(Buffer.byteLength(bounded)).toBeLessThanOrEqual(32_768);
    expect(JSON.parse(bounded)).toMatchObject({ exitCode: 0 });
    expect(
      Buffer.byteLength(
        boundJson(
          Array.from({ length: 1e5 }, (_, index) => index),
          4096,
        ),
      ),
    ).toBeLessThanOrEqual(4096);
  });
});

test.each([
  ['Count the boats. Then tell me.', 'Count the boats'],
  ['## **Hello** world', 'Hello world'],
  ['\n\n  ', 'New conversation'],
  ['请写一个程序来计算素数。然后运行它', '请写一个程序来计算素数。然后运行它'],
  [`A ${'very '.repeat(40)}long one`, /^A (very )+very…$/],
])('the title of %j', (text, title) => {
  const made = titleFrom(text);
  expect(made.length).toBeLessThanOrEqual(61);
  if (typeof title === 'string') expect(made).toBe(title);
  else expect(made).toMatch(title);
});
