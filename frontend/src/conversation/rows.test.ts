import { describe, expect, it } from 'vitest';
import type { AssistantMessageItem, TimelineItem, ToolCallItem } from '@sandpiper/protocol';
import { createRowBuilder, rowsOf } from './rows.ts';

const at = '2026-01-01T00:00:00.000Z';
const user = (id: string): TimelineItem => ({ kind: 'user', id, seq: 1, at, text: id, attachments: [] });
const says = (id: string, changes: Partial<AssistantMessageItem> = {}): AssistantMessageItem => ({
  kind: 'assistant',
  id,
  seq: 1,
  at,
  runId: 'r',
  text: id,
  reasoning: '',
  reasoningMs: null,
  state: 'done',
  demo: false,
  ...changes,
});
const call = (id: string, name = 'shell_run'): ToolCallItem => ({
  kind: 'tool',
  id,
  seq: 1,
  at,
  runId: 'r',
  messageId: null,
  name,
  server: null,
  input: {},
  inputText: '',
  live: null,
  state: 'ok',
  output: '',
  error: null,
  durationMs: 1,
  artefacts: [],
});
const shape = (timeline: TimelineItem[]) =>
  rowsOf(timeline).map((row) => (row.kind === 'tools' ? row.items.length : row.kind));

describe('rows', () => {
  it('gather consecutive calls, past messages that only made calls', () => {
    expect(shape([user('u'), call('1'), says('silent', { text: '' }), call('2'), says('done'), call('3')])).toEqual([
      'user',
      2,
      'assistant',
      1,
    ]);
  });

  it('leave the plan and questions to their own cards', () => {
    expect(shape([call('p', 'plan_update'), call('q', 'ask_user'), call('1')])).toEqual([1]);
  });

  it('label the demo once in a turn', () => {
    const rows = rowsOf([
      says('a', { demo: true }),
      call('1'),
      says('b', { demo: true }),
      says('c', { demo: true, runId: 'r2' }),
    ]);
    expect(rows.flatMap((row) => (row.kind === 'assistant' ? [row.labelled] : []))).toEqual([true, false, true]);
  });

  it('keep the identity of every chunk but the one that changed', () => {
    const builder = createRowBuilder();
    const timeline = Array.from({ length: 90 }, (_, index) => (index % 2 ? says(`a${index}`) : user(`u${index}`)));
    const before = builder.build(timeline);
    const after = builder.build([...timeline.slice(0, -1), says('a89', { text: 'longer' })]);
    expect(after).toHaveLength(before.length);
    expect(after.map((chunk, index) => chunk === before[index])).toEqual([true, true, true, true, false]);
  });
});
