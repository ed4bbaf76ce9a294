import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/error.ts';
import { openEventStream, SILENCE_MS } from './eventStream.ts';
import type { ConnectionState, EventStream, StreamFrame } from './eventStream.ts';
import type { StreamSlots } from './streamSlots.ts';

/** One connection as the server sees it. */
interface Line {
  path: string;
  signal: AbortSignal;
  send(text: string): void;
  end(): void;
}

let lines: Line[];
let states: ConnectionState[];
let frames: StreamFrame[];
let answer: () => ApiError | undefined;
let stream: EventStream | undefined;
let cursor: number;

beforeEach(() => {
  vi.useFakeTimers();
  const events = new EventTarget();
  vi.stubGlobal('addEventListener', events.addEventListener.bind(events));
  vi.stubGlobal('removeEventListener', events.removeEventListener.bind(events));
  vi.stubGlobal('navigator', { onLine: true });
  [lines, states, frames, answer, cursor] = [[], [], [], () => undefined, 0];
});
afterEach(() => {
  stream?.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function open(slots?: StreamSlots): void {
  stream = openEventStream({
    ...(slots ? { slots } : {}),
    sessionId: 's1',
    cursor: () => cursor,
    random: () => 1,
    onFrame: (frame) => {
      frames.push(frame);
      if (frame.type === 'session') cursor = frame.event.seq;
    },
    onState: (state) => states.push(state),
    fetch: (path, { signal }) => {
      const refusal = answer();
      if (refusal) return Promise.reject(refusal);
      let controller!: ReadableStreamDefaultController<Uint8Array>;
      const body = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) });
      signal.addEventListener('abort', () => controller.error(new DOMException('aborted', 'AbortError')));
      lines.push({
        path,
        signal,
        send: (text) => controller.enqueue(new TextEncoder().encode(text)),
        end: () => controller.close(),
      });
      return Promise.resolve(new Response(body));
    },
  });
}

const settle = () => vi.advanceTimersByTimeAsync(0);
const fact = (seq: number) => `event: session\nid: ${seq}\ndata: {"seq":${seq},"type":"run.owned"}\n\n`;

describe('the event stream', () => {
  it('asks for what comes after the cursor, and asks again from there after a cut', async () => {
    open();
    await settle();
    lines[0]!.send(fact(1) + fact(2));
    await settle();
    lines[0]!.end();
    await settle();
    expect(states.at(-1)).toEqual({ kind: 'reconnecting', attempt: 1 });
    await vi.advanceTimersByTimeAsync(500);
    expect(lines.map((line) => line.path)).toEqual(['events?session=s1&after=0', 'events?session=s1&after=2']);
    expect(states.at(-1)).toEqual({ kind: 'live' });
  });

  it('puts frames together however the bytes are cut', async () => {
    open();
    await settle();
    const bytes = `${fact(1)}event: delta\ndata: {"kind":"text","text":"héllo"}\n\nevent: synced\ndata: {"seq":1}\n\n`;
    for (const character of bytes) lines[0]!.send(character);
    await settle();
    expect(frames.map((frame) => frame.type)).toEqual(['session', 'delta', 'synced']);
  });

  it('takes a line that is silent for dead, though it never closed', async () => {
    open();
    await settle();
    lines[0]!.send('event: ping\ndata: {}\n\n');
    await settle();
    await vi.advanceTimersByTimeAsync(SILENCE_MS - 1);
    expect(lines[0]!.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(lines[0]!.signal.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(500);
    expect(lines).toHaveLength(2);
  });

  it('waits longer after every failure, and counts the attempts', async () => {
    answer = () => new ApiError(0, { code: 'NO_ANSWER', message: '', retryable: true });
    open();
    await settle();
    const tried = () => states.filter((state) => state.kind === 'reconnecting' && state.attempt > 0).length;
    expect(tried()).toBe(1);
    await vi.advanceTimersByTimeAsync(499);
    expect(tried()).toBe(1);
    // Each attempt tells itself twice: when the wait begins, and when it ends.
    await vi.advanceTimersByTimeAsync(1);
    expect(states.at(-1)).toEqual({ kind: 'reconnecting', attempt: 2 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(states.at(-1)).toEqual({ kind: 'reconnecting', attempt: 3 });
  });

  it('stops at a refusal that asking again cannot change', async () => {
    answer = () => new ApiError(404, { code: 'SESSION_NOT_FOUND', message: '', retryable: false });
    open();
    await settle();
    expect(states.at(-1)).toMatchObject({ kind: 'refused', error: { status: 404 } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states.at(-1)?.kind).toBe('refused');
  });

  it('asks again at once when its receiver found a gap', async () => {
    open();
    await settle();
    cursor = 7;
    stream?.resync();
    await vi.advanceTimersByTimeAsync(500);
    expect(lines.at(-1)?.path).toBe('events?session=s1&after=7');
  });

  it('without a slot it asks in rounds, each up to where it is in step, and stays live', async () => {
    open({ take: () => Promise.resolve(undefined) });
    await settle();
    lines[0]!.send(`${fact(1)}event: synced\ndata: {"seq":1}\n\n`);
    await settle();
    expect(lines[0]!.signal.aborted).toBe(true);
    expect(stream?.asksInRounds()).toBe(true);
    await vi.advanceTimersByTimeAsync(1000);
    expect(lines.map((line) => line.path)).toEqual(['events?session=s1&after=0', 'events?session=s1&after=1']);
    expect(states).toEqual([{ kind: 'reconnecting', attempt: 0 }, { kind: 'live' }]);
  });

  it('gives its slot back when another tab wants it, and when it is closed', async () => {
    let want: () => void = () => undefined;
    let taken = 0;
    let released = 0;
    open({
      take: (onWanted) => {
        want = onWanted;
        taken += 1;
        return Promise.resolve({ release: () => void (released += 1) });
      },
    });
    await settle();
    want();
    await settle();
    expect([taken, released]).toEqual([1, 1]);
    expect(states.at(-1)).toEqual({ kind: 'live' });
    await vi.advanceTimersByTimeAsync(1000);
    expect([taken, released]).toEqual([2, 1]);
    stream?.close();
    await settle();
    expect([taken, released]).toEqual([2, 2]);
  });

  it('leaves neither connection nor timer behind when it is closed', async () => {
    open();
    await settle();
    stream?.close();
    await settle();
    expect(lines[0]!.signal.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});
