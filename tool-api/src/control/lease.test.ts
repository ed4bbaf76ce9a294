import { CodedError } from '@sandpiper/protocol';
import { describe, expect, it } from 'vitest';
import type { Tool } from '../tool.ts';
import { underControl } from './guard.ts';
import { ControlArbiter } from './lease.ts';

const ann = { id: 'viewer-1', label: 'Ann' };
const ben = { id: 'viewer-2', label: 'Ben' };

function arbiter() {
  const clock = { nowMs: Date.parse('2030-01-01T00:00:00Z') };
  return { clock, control: new ControlArbiter(() => clock.nowMs) };
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return error instanceof CodedError ? error.code : String(error);
  }
  return undefined;
}

describe('control lease', () => {
  it('belongs to the agent until a person takes it, and again after release', () => {
    const { control } = arbiter();
    expect(control.current()).toEqual({ holder: 'agent' });
    expect(control.request({ action: 'take', owner: ann, ttlMs: 10_000 })).toEqual({
      holder: 'person',
      owner: ann,
      expiresAt: '2030-01-01T00:00:10.000Z',
      expiresInMs: 10_000,
    });
    expect(codeOf(() => control.assertAgentMayAct())).toBe('CONTROL_HELD');
    expect(control.request({ action: 'release', owner: ann })).toEqual({ holder: 'agent' });
    expect(codeOf(() => control.assertAgentMayAct())).toBeUndefined();
  });

  it('ends by itself at its time, unless renewed', () => {
    const { clock, control } = arbiter();
    control.request({ action: 'take', owner: ann, ttlMs: 10_000 });
    clock.nowMs += 9_999;
    expect(control.request({ action: 'renew', owner: ann, ttlMs: 10_000 }).expiresInMs).toBe(10_000);
    clock.nowMs += 9_999;
    expect(control.current().holder).toBe('person');
    clock.nowMs += 1;
    expect(control.current()).toEqual({ holder: 'agent' });
    expect(codeOf(() => control.request({ action: 'renew', owner: ann }))).toBe('CONTROL_LOST');
  });

  it('is one person’s: another neither takes, renews nor releases it, except by force', () => {
    const { control } = arbiter();
    control.request({ action: 'take', owner: ann });
    expect(codeOf(() => control.request({ action: 'take', owner: ben }))).toBe('CONTROL_HELD');
    expect(codeOf(() => control.request({ action: 'renew', owner: ben, force: true }))).toBe('CONTROL_HELD');
    expect(control.request({ action: 'release', owner: ben }).owner).toEqual(ann);
    expect(control.request({ action: 'take', owner: ben, force: true }).owner).toEqual(ben);
  });

  it('refuses a guarded tool with a retryable error that names the holder', async () => {
    const { control } = arbiter();
    const calls: unknown[] = [];
    const tool = underControl(
      control,
      fakeTool((input) => Promise.resolve(calls.push(input))),
    );
    control.request({ action: 'take', owner: ann });
    const refusal = await tool.handler({}, { signal: new AbortController().signal, subject: undefined }).catch(String);
    expect(refusal).toContain('Ann has control');
    expect(calls).toEqual([]);
  });

  it('cuts a guarded call off when a person takes control meanwhile', async () => {
    const { control } = arbiter();
    const tool = underControl(
      control,
      fakeTool(
        (_, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(new Error('stopped')));
          }),
      ),
    );
    const call = tool.handler({}, { signal: new AbortController().signal, subject: undefined });
    control.request({ action: 'take', owner: ann });
    await expect(call).rejects.toMatchObject({ code: 'CONTROL_HELD', retryable: true });
  });
});

function fakeTool(handler: Tool['handler']): Tool {
  return { name: 'fake', handler } as Tool;
}
