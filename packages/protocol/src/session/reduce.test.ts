import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applyDelta,
  applyOffset,
  emptySession,
  eventBody,
  reduce,
  type Delta,
  type EventInput,
  type SessionEvent,
  type SessionState,
} from '../index.ts';

const at = '2026-01-01T00:00:00.000Z';
const model = { provider: 'p', model: 'm' };

/** Numbers events as a log does. */
const logOf = (...inputs: EventInput[]): SessionEvent[] =>
  inputs.map((input, index) => ({ seq: index + 1, at, ...eventBody.parse(input) }));
const after = (...inputs: EventInput[]): SessionState => reduce(emptySession, logOf(...inputs));

const requested: EventInput = { type: 'run.requested', runId: 'r', messageId: 'u', model };
const asked: EventInput = { type: 'question.asked', questionId: 'q', runId: 'r', kind: 'question', text: 'Which?' };
const started: EventInput = {
  type: 'tool.started',
  runId: 'r',
  callId: 'c',
  messageId: 'a',
  name: 'shell_run',
  input: {},
};
const completed: EventInput = {
  type: 'tool.completed',
  runId: 'r',
  callId: 'c',
  outcome: 'ok',
  output: 'done',
  durationMs: 3,
};
const ended: EventInput = { type: 'run.completed', runId: 'r', outcome: 'completed', durationMs: 5, steps: 1 };

describe('reduce', () => {
  test.each<[string, EventInput[], Partial<SessionState>]>([
    ['a session has the model it was made with', [{ type: 'session.created', model }], { model }],
    [
      'the last title counts',
      [
        { type: 'session.titled', title: 'a', by: 'agent' },
        { type: 'session.titled', title: 'b', by: 'person' },
      ],
      { title: 'b' },
    ],
    ['a run is active until it ends', [requested], { activeRunId: 'r' }],
    ['an ended run is not', [requested, ended], { activeRunId: null }],
    [
      'a new run begins without a plan',
      [requested, { type: 'plan.updated', runId: 'r', items: [] }, ended, { ...requested, runId: 's' }],
      { plan: null },
    ],
    [
      'a question is open until it is answered',
      [requested, asked, { type: 'question.answered', questionId: 'q', answer: 'b' }],
      { openQuestions: [] },
    ],
    ['or until its run has ended', [requested, asked, ended], { openQuestions: [] }],
    [
      'usage adds up',
      [
        { type: 'usage', runId: 'r', model, inputTokens: 1, outputTokens: 2 },
        { type: 'usage', runId: 'r', model, inputTokens: 3, outputTokens: 4, cachedTokens: 5 },
      ],
      { usage: { inputTokens: 4, outputTokens: 6, cachedTokens: 5 } },
    ],
    [
      'the sandbox is as it last was',
      [
        { type: 'sandbox.phase', phase: 'ready' },
        { type: 'sandbox.phase', phase: 'suspended', reason: 'Idle' },
      ],
      { sandbox: { phase: 'suspended', reason: 'Idle' } },
    ],
    [
      'control is where it last was',
      [
        { type: 'control.changed', holder: 'person', viewerId: 'v' },
        { type: 'control.changed', holder: 'agent' },
      ],
      { control: { holder: 'agent' } },
    ],
  ])('%s', (_name, inputs, expected) => {
    expect(after(...inputs)).toMatchObject(expected);
  });

  test('a call is one item that runs and then has its outcome', () => {
    expect(after(requested, started).timeline).toMatchObject([
      { kind: 'tool', id: 'c', state: 'running', output: null },
    ]);
    expect(after(requested, started, completed).timeline).toMatchObject([
      { kind: 'tool', id: 'c', state: 'ok', output: 'done', seq: 2 },
    ]);
  });

  test('what only ever was growing is dropped when its run ends, and what is a fact stays', () => {
    const running = applyDelta(after(requested, started), {
      kind: 'text',
      id: 'x',
      runId: 'r',
      offset: 0,
      text: 'half',
    });
    expect(running.timeline.map(({ id }) => id)).toEqual(['c', 'x']);
    const over = reduce(running, logOf(requested, started, completed, ended));
    expect(over.timeline.map(({ id }) => id)).toEqual(['c']);
  });

  test('a message that grew keeps its place when it is complete', () => {
    const growing = applyDelta(after(requested), { kind: 'text', id: 'a', runId: 'r', offset: 0, text: 'Hel' });
    const more = applyDelta(growing, {
      kind: 'tool-input',
      id: 'c',
      runId: 'r',
      offset: 0,
      text: '{',
      toolName: 'shell_run',
    });
    const done = reduce(
      more,
      logOf(
        requested,
        { type: 'message.completed', messageId: 'a', runId: 'r', role: 'assistant', text: 'Hello' },
        started,
      ),
    );
    expect(done.timeline).toMatchObject([
      { id: 'a', state: 'done', text: 'Hello' },
      { id: 'c', state: 'running' },
    ]);
  });

  test('a gap is an error, not a guess', () => {
    const [, second] = logOf(requested, ended);
    expect(() => reduce(emptySession, [second!])).toThrow(RangeError);
  });

  test('the given state stays as it is, and untouched items keep their identity', () => {
    const before = after(requested, started);
    const copy = structuredClone(before);
    const next = reduce(before, logOf(requested, started, completed, asked));
    expect(before).toEqual(copy);
    const again = reduce(next, logOf(requested, started, completed, asked, ended));
    expect(again.timeline[0]).toBe(next.timeline[0]);
  });
});

const ids = fc.constantFrom('1', '2', '3');
const anyEvent: fc.Arbitrary<EventInput> = fc.oneof(
  fc.record({ type: fc.constant('session.titled' as const), title: fc.string(), by: fc.constant('agent' as const) }),
  fc
    .record({ runId: ids, role: fc.constantFrom('user' as const, 'assistant' as const), text: fc.string() })
    .map(({ runId, role, text }): EventInput => ({
      type: 'message.completed',
      messageId: role === 'user' ? `u${runId}` : `m${runId}`,
      runId,
      role,
      text,
    })),
  fc.record({ type: fc.constant('run.requested' as const), runId: ids, messageId: ids, model: fc.constant(model) }),
  fc.record({
    type: fc.constant('run.owned' as const),
    runId: ids,
    epoch: fc.integer({ min: 1, max: 3 }),
    owner: fc.constant('o'),
  }),
  ids.map((runId): EventInput => ({ type: 'run.stop.requested', runId })),
  ids.map((runId): EventInput => ({ type: 'run.completed', runId, outcome: 'failed', durationMs: 1, steps: 1 })),
  ids.map((id): EventInput => ({ ...started, runId: id, callId: `c${id}` })),
  ids.map((id): EventInput => ({ ...completed, runId: id, callId: `c${id}` })),
  ids.map((id): EventInput => ({ ...asked, runId: id, questionId: `q${id}` })),
  ids.map((id): EventInput => ({ type: 'question.answered', questionId: `q${id}`, answer: 'yes' })),
  ids.map((runId): EventInput => ({ type: 'usage', runId, model, inputTokens: 1, outputTokens: 1 })),
);
const anyDelta: fc.Arbitrary<Delta> = fc
  .record({
    kind: fc.constantFrom('text' as const, 'reasoning' as const, 'tool-input' as const, 'tool-output' as const),
    runId: ids,
    offset: fc.nat(8),
    text: fc.string({ maxLength: 6 }),
  })
  .map((growth) => ({ ...growth, id: `${growth.kind.startsWith('tool') ? 'c' : 'm'}${growth.runId}` }));

describe('properties', () => {
  test('any batching and repetition of a log gives the same state', () => {
    fc.assert(
      fc.property(
        fc.array(anyEvent, { maxLength: 40 }),
        fc.array(fc.tuple(fc.nat(40), fc.nat(40)), { maxLength: 30 }),
        (inputs, cuts) => {
          const log = logOf(...inputs);
          let state = emptySession;
          for (const [back, forth] of cuts) {
            // From anywhere that leaves no gap, to anywhere.
            const from = Math.max(0, state.seq - back);
            state = reduce(state, log.slice(from, state.seq + forth));
          }
          state = reduce(state, log.slice(state.seq));
          expect(state).toEqual(reduce(emptySession, log));
        },
      ),
    );
  });

  test('the same delta again changes nothing', () => {
    fc.assert(
      fc.property(
        fc.array(anyEvent, { maxLength: 15 }),
        fc.array(anyDelta, { minLength: 1, maxLength: 10 }),
        (inputs, deltas) => {
          const before = deltas.reduce(applyDelta, reduce(emptySession, logOf(...inputs)));
          expect(applyDelta(before, deltas.at(-1)!)).toEqual(before);
        },
      ),
    );
  });

  test('whatever grew meanwhile, after the whole run only the facts are left', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anyEvent, anyDelta), { maxLength: 40 }), (mixed) => {
        const inputs = mixed.filter((step): step is EventInput => 'type' in step);
        const runs = ['1', '2', '3'].map((runId): EventInput => ({
          type: 'run.completed',
          runId,
          outcome: 'completed',
          durationMs: 1,
          steps: 1,
        }));
        const log = logOf(...inputs, ...runs);
        let state = emptySession;
        for (const step of mixed) {
          if ('type' in step) state = reduce(state, log.slice(0, state.seq + 1));
          else state = applyDelta(state, step);
        }
        const facts = reduce(emptySession, log);
        const ended = reduce(state, log);
        // Order may differ: what was seen to grow first keeps its place.
        const sorted = (s: SessionState): unknown[] => s.timeline.toSorted((a, b) => a.seq - b.seq);
        expect(sorted(ended)).toEqual(sorted(facts));
      }),
    );
  });

  test('growth behind a gap is left out', () => {
    const grown = applyDelta(after(requested), { kind: 'text', id: 'a', runId: 'r', offset: 0, text: 'one' });
    expect(applyDelta(grown, { kind: 'text', id: 'a', runId: 'r', offset: 7, text: 'three' })).toBe(grown);
  });

  test('pieces of a text put it together, however they overlap and repeat', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 30 }),
        fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 20 }),
        (whole, pieces) => {
          let held = applyOffset(undefined, 0, '');
          for (const [start, length] of pieces) {
            const offset = Math.min(start, held.text.length);
            const end = Math.max(held.text.length, Math.min(whole.length, offset + length));
            held = applyOffset(held, offset, whole.slice(offset, end));
            expect(whole.startsWith(held.text)).toBe(true);
          }
          held = applyOffset(held, held.text.length, whole.slice(held.text.length));
          expect(held).toEqual({ base: 0, text: whole });
        },
      ),
    );
  });
});
