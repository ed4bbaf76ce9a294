import { describe, expect, it } from 'vitest';
import type { Delta, SessionEvent, SessionState } from '@sandpiper/protocol';
import { createLiveState } from './liveState.ts';

function start() {
  const changes: SessionState[] = [];
  let gaps = 0;
  let task: (() => void) | undefined;
  const live = createLiveState({
    onChange: (state) => changes.push(state),
    onGap: () => (gaps += 1),
    schedule: (next) => {
      task = next;
      return () => (task = undefined);
    },
  });
  return { live, changes, frame: () => task?.(), gaps: () => gaps };
}

const titled = (seq: number): SessionEvent => ({ seq, at: '', type: 'session.titled', title: `t${seq}`, by: 'agent' });
const requested = (seq: number): SessionEvent => ({
  seq,
  at: '2026-01-01T00:00:00.000Z',
  type: 'run.requested',
  runId: 'r',
  messageId: 'u',
  model: { provider: 'p', model: 'm' },
});
const text = (offset: number, piece: string): Delta => ({ kind: 'text', id: 'a', runId: 'r', offset, text: piece });

describe('the live state', () => {
  it('changes once per frame, however much came', () => {
    const { live, changes, frame } = start();
    live.event(requested(1));
    for (let index = 0; index < 200; index += 1) live.delta(text(index, 'x'));
    expect(changes).toHaveLength(0);
    frame();
    expect(changes).toHaveLength(1);
    expect(changes[0]?.timeline.at(-1)).toMatchObject({ kind: 'assistant', text: 'x'.repeat(200) });
  });

  it('takes a partial that overlaps what it holds without doubling it', () => {
    const { live, changes, frame } = start();
    live.event(requested(1));
    live.delta(text(0, 'hello'));
    live.delta(text(0, 'hello wor'));
    live.delta(text(9, 'ld'));
    frame();
    expect(changes.at(-1)?.timeline.at(-1)).toMatchObject({ text: 'hello world' });
  });

  it('asks again from the last event it could fold when one is missing', () => {
    const { live, frame, gaps } = start();
    live.event(titled(1));
    live.event(titled(3));
    frame();
    expect(gaps()).toBe(1);
    expect(live.cursor()).toBe(1);
    live.event(titled(2));
    live.event(titled(3));
    frame();
    expect(live.current()).toMatchObject({ seq: 3, title: 't3' });
  });
});
