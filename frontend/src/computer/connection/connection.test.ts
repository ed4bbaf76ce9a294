// @vitest-environment happy-dom
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createConnection } from './connection.ts';
import type { Connection } from './connection.ts';
import { reconnectDelayMs, stateBeforeAttempt } from './reconnect.ts';

test('delays grow, are spread, and stay bounded', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
      const delay = reconnectDelayMs(attempt, random);
      expect(delay).toBeGreaterThanOrEqual(250);
      expect(delay).toBeLessThanOrEqual(15_000);
      expect(reconnectDelayMs(attempt + 1, random)).toBeGreaterThanOrEqual(delay);
    }),
  );
});

test('after a while, and at once without a network, it is called offline', () => {
  expect(stateBeforeAttempt(3, true)).toEqual({ kind: 'reconnecting', attempt: 3 });
  expect(stateBeforeAttempt(7, true)).toEqual({ kind: 'offline' });
  expect(stateBeforeAttempt(1, false)).toEqual({ kind: 'offline' });
});

describe('a connection', () => {
  let opened: { signal: AbortSignal; lost: () => void; closed: boolean }[];
  let refuse: boolean;
  let may: boolean;
  let connection: Connection;

  beforeEach(() => {
    vi.useFakeTimers();
    opened = [];
    refuse = false;
    may = true;
    connection = createConnection({
      open: (signal, lost) => {
        const line = { signal, lost, closed: false };
        opened.push(line);
        return refuse
          ? Promise.reject(new Error('refused'))
          : Promise.resolve({ close: () => void (line.closed = true) });
      },
      mayRetry: () => Promise.resolve(may),
      random: () => 0,
    });
  });
  afterEach(() => {
    connection.stop();
    vi.useRealTimers();
  });
  const settle = () => vi.advanceTimersByTimeAsync(0);

  test('opens once, however often it is started', async () => {
    connection.start();
    connection.start();
    await settle();
    expect(opened).toHaveLength(1);
    expect(connection.state.value).toEqual({ kind: 'live' });
  });

  test('comes back after a loss and counts the attempts', async () => {
    connection.start();
    await settle();
    refuse = true;
    opened[0]!.lost();
    expect(connection.state.value).toEqual({ kind: 'reconnecting', attempt: 1 });
    await vi.advanceTimersByTimeAsync(250);
    expect(connection.state.value).toEqual({ kind: 'reconnecting', attempt: 2 });
    refuse = false;
    await vi.advanceTimersByTimeAsync(500);
    expect(connection.state.value).toEqual({ kind: 'live' });
    expect(opened).toHaveLength(3);
  });

  test('does not wake what fell asleep', async () => {
    connection.start();
    await settle();
    may = false;
    opened[0]!.lost();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(opened).toHaveLength(1);
    expect(connection.state.value).toEqual({ kind: 'idle' });
  });

  test('tries at once when it is told to, and only once', async () => {
    connection.start();
    await settle();
    opened[0]!.lost();
    connection.retry();
    connection.retry();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(opened).toHaveLength(2);
  });

  test('tries at once when the network is back', async () => {
    refuse = true;
    connection.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connection.state.value).toEqual({ kind: 'offline' });
    const before = opened.length;
    dispatchEvent(new Event('online'));
    await settle();
    expect(opened).toHaveLength(before + 1);
  });

  test('that is stopped while it opens is closed, and stays so', async () => {
    connection.start();
    connection.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(opened).toMatchObject([{ closed: true }]);
    expect(connection.state.value).toEqual({ kind: 'idle' });
  });

  test('of an earlier start has no say any more', async () => {
    connection.start();
    await settle();
    connection.stop();
    connection.start();
    await settle();
    opened[0]!.lost();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(opened).toHaveLength(2);
    expect(connection.state.value).toEqual({ kind: 'live' });
  });
});
