import type { ControlState, EventInput, SessionEvent } from '@sandpiper/protocol';
import { emptySession, eventBody, reduce } from '@sandpiper/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SessionHub } from '../sessions/hub.ts';
import { createControlLeases } from './control-leases.ts';
import type { ControlLeases } from './control-leases.ts';

const ada = { userId: 'ada', name: 'Ada', viewerId: 'tab-1' };
const adaElsewhere = { ...ada, viewerId: 'tab-2' };

let told: ControlState[];
let leases: ControlLeases;
let hub: Pick<SessionHub, 'append' | 'state'>;

beforeEach(() => {
  vi.useFakeTimers();
  let state = emptySession;
  hub = {
    append: (_sessionId, input: EventInput) => {
      const event: SessionEvent = { ...eventBody.parse(input), seq: state.seq + 1, at: '2026-01-01T00:00:00.000Z' };
      state = reduce(state, [event]);
      return Promise.resolve(event);
    },
    state: () => Promise.resolve(state),
  };
  told = [];
  leases = createControlLeases({
    hub: hub as SessionHub,
    tell: (_sessionId, control) => {
      told.push(control);
      return Promise.resolve();
    },
  });
});

afterEach(() => {
  leases.close();
  vi.useRealTimers();
});

const control = async (): Promise<ControlState> => (await hub.state('s')).control;

describe('control', () => {
  test('is taken, told to the sandbox, and handed back', async () => {
    await leases.take('s', ada);
    expect(await control()).toEqual({ holder: 'person', ...ada });
    await leases.release('s', ada);
    expect(await control()).toEqual({ holder: 'agent' });
    expect(told.map((state) => state.holder)).toEqual(['person', 'agent']);
  });

  test('of another tab is refused with its name, and taken with force', async () => {
    await leases.take('s', ada);
    await expect(leases.take('s', adaElsewhere)).rejects.toMatchObject({
      code: 'CONTROL_HELD',
      message: 'Ada has control of this computer.',
    });
    await leases.take('s', adaElsewhere, { force: true });
    expect(await control()).toMatchObject({ viewerId: 'tab-2' });
  });

  test('cannot be handed back by a tab that does not hold it', async () => {
    await leases.take('s', ada);
    await leases.release('s', adaElsewhere);
    expect(await control()).toMatchObject({ viewerId: 'tab-1' });
  });

  test('is renewed in the sandbox while it is held', async () => {
    leases.connected('s', 'tab-1');
    await leases.take('s', ada);
    await vi.advanceTimersByTimeAsync(61_000);
    expect(told.length).toBeGreaterThanOrEqual(4);
    expect(await control()).toMatchObject({ holder: 'person' });
  });

  test('survives a reload, and returns to the agent when the tab stays away', async () => {
    const disconnected = leases.connected('s', 'tab-1');
    await leases.take('s', ada);
    disconnected();
    await vi.advanceTimersByTimeAsync(20_000);
    const again = leases.connected('s', 'tab-1');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await control()).toMatchObject({ holder: 'person' });
    again();
    await vi.advanceTimersByTimeAsync(31_000);
    expect(await control()).toEqual({ holder: 'agent' });
  });

  test('that a dead gateway left behind is handed back once somebody looks', async () => {
    await hub.append('s', { type: 'control.changed', holder: 'person', ...ada });
    leases.connected('s', 'tab-9');
    await vi.advanceTimersByTimeAsync(31_000);
    expect(await control()).toEqual({ holder: 'agent' });
  });
});
