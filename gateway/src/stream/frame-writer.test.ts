import type { Delta } from '@sandpiper/protocol';
import { describe, expect, test, vi } from 'vitest';
import { FrameWriter } from './frame-writer.ts';

const delta = (offset: number, text: string, id = 'm'): Delta => ({ kind: 'text', id, runId: 'r', offset, text });

/** A network that lets bytes go when told. */
function createSink() {
  const written: string[] = [];
  const leaving: (() => void)[] = [];
  const sink = {
    queuedBytes: 0,
    write: (text: string, done: () => void) => void (written.push(text), leaving.push(done)),
    cutOff: vi.fn(),
  };
  return { sink, written, leave: () => leaving.shift()?.() };
}

const deltasOf = (text: string): Delta[] =>
  [...text.matchAll(/event: delta\ndata: (.*)\n\n/g)].map((match) => JSON.parse(match[1] ?? '') as Delta);

describe('FrameWriter', () => {
  test('writes at once while nothing is on the way', () => {
    const { sink, written, leave } = createSink();
    const writer = new FrameWriter(sink);
    writer.delta(delta(0, 'a'));
    leave();
    writer.delta(delta(1, 'b'));
    expect(written.map(deltasOf)).toEqual([[delta(0, 'a')], [delta(1, 'b')]]);
  });

  test('what comes while a write is on the way leaves as one delta per text when it has left', () => {
    const { sink, written, leave } = createSink();
    const writer = new FrameWriter(sink);
    writer.delta(delta(0, 'a'));
    writer.delta(delta(1, 'b'));
    writer.delta(delta(0, 'x', 'other'));
    writer.delta(delta(2, 'c'));
    expect(written).toHaveLength(1);
    leave();
    expect(deltasOf(written[1]!)).toEqual([delta(1, 'bc'), delta(0, 'x', 'other')]);
    writer.close();
  });

  test('growth never moves before a fact that came first', () => {
    const { sink, written, leave } = createSink();
    const writer = new FrameWriter(sink);
    writer.delta(delta(0, 'a'));
    writer.delta(delta(1, 'b'));
    writer.frame('session', '{}', 7);
    writer.delta(delta(2, 'c'));
    leave();
    expect(written[1]!.split('\n').filter((line) => line.startsWith('event'))).toEqual([
      'event: delta',
      'event: session',
      'event: delta',
    ]);
    writer.close();
  });

  test('a batch waits 25 ms at most while the network takes more, and for the network when it does not', () => {
    vi.useFakeTimers();
    try {
      const { sink, written, leave } = createSink();
      const writer = new FrameWriter(sink);
      writer.delta(delta(0, 'a'));
      writer.delta(delta(1, 'b'));
      vi.advanceTimersByTime(25);
      expect(written).toHaveLength(2);
      sink.queuedBytes = 10_000_000;
      writer.delta(delta(2, 'c'));
      vi.advanceTimersByTime(1000);
      expect(written).toHaveLength(2);
      leave();
      leave();
      expect(written).toHaveLength(3);
      writer.close();
    } finally {
      vi.useRealTimers();
    }
  });

  test.each([
    ['a head that was dropped replaces what waits', [delta(5, 'fgh'), delta(2, 'cde')], [delta(2, 'cde')]],
    ['a gap replaces what waits', [delta(1, 'b'), delta(9, 'z')], [delta(9, 'z')]],
    ['an overlap is put at its place', [delta(1, 'bcd'), delta(2, 'X')], [delta(1, 'bX')]],
  ])('%s', (_name, deltas, expected) => {
    const { sink, written, leave } = createSink();
    const writer = new FrameWriter(sink);
    writer.delta(delta(0, 'a'));
    for (const each of deltas) writer.delta(each);
    leave();
    expect(deltasOf(written[1]!)).toEqual(expected);
    writer.close();
  });

  test('a reader that takes nothing is cut off before it fills the memory', () => {
    const { sink } = createSink();
    const writer = new FrameWriter(sink);
    const page = 'x'.repeat(1024 * 1024);
    for (let seq = 1; seq <= 20; seq++) writer.frame('session', page, seq);
    expect(sink.cutOff).toHaveBeenCalledOnce();
  });
});
