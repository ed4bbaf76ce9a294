import type { SandboxStatus } from '@sandpiper/api';
import { describe, expect, it } from 'vitest';
import { aCondition, aSandbox, CREATED, READY } from './testing/builders.ts';
import { newSandbox, usableBy, wakeOf } from './wishes.ts';

const NOW = Date.parse('2026-02-01T00:00:00.000Z');
const asleep = (suspendedAt: string): SandboxStatus => ({
  conditions: [aCondition('Suspended', 'True', 'Idle')],
  suspendedAt,
});

describe('the wish to wake', () => {
  it('is the present moment for one that sleeps', () => {
    expect(wakeOf(aSandbox({ status: asleep(CREATED) }), NOW)).toEqual({
      operatingMode: 'Running',
      wakeRequestedAt: '2026-02-01T00:00:00.000Z',
    });
  });

  it('is later than what put it to rest, even when our clock is behind', () => {
    const status = asleep('2026-03-01T00:00:00.000Z');
    expect(wakeOf(aSandbox({ status }), NOW).wakeRequestedAt).toBe('2026-03-01T00:00:00.001Z');
    const lastFailure = { reason: 'Crashed', message: '', at: '2026-04-01T00:00:00.000Z', consecutive: 6 };
    const givenUp = { conditions: [aCondition('Finished', 'True', 'CrashLoop')], lastFailure };
    expect(wakeOf(aSandbox({ status: givenUp }), NOW).wakeRequestedAt).toBe('2026-04-01T00:00:00.001Z');
  });

  it('is no earlier than the wish before it', () => {
    const spec = { wakeRequestedAt: '2026-03-01T00:00:00.000Z' };
    expect(wakeOf(aSandbox({ spec, status: asleep(CREATED) }), NOW)).toMatchObject(spec);
  });

  it('is no moment at all where nothing rests', () => {
    expect(wakeOf(aSandbox({ status: READY }), NOW)).toEqual({ operatingMode: 'Running' });
  });
});

describe('a new sandbox', () => {
  it('is named after its session, and belongs to somebody', () => {
    const display = { width: 800, height: 600 };
    expect(newSandbox({ sessionId: 'abc', owner: 'ada', template: 'small', display })).toMatchObject({
      name: 'sbx-abc',
      spec: { templateRef: { name: 'small' }, operatingMode: 'Running', display },
      annotations: { 'sandpiper.dev/owner': 'ada' },
    });
  });

  it.each([
    { sessionId: '../x', owner: 'ada' },
    { sessionId: 'a', owner: 'ada', template: 'No Name' },
    { sessionId: 'a', owner: 'ada', display: { width: 1, height: 1 } },
  ])('is refused as %j', (request) => {
    expect(() => newSandbox(request)).toThrow(expect.objectContaining({ code: 'SANDBOX_INVALID' }) as Error);
  });

  it('is nobody else’s, and none that is going', () => {
    const request = { sessionId: 'one', owner: 'ada' };
    const annotations = { 'sandpiper.dev/owner': 'ada' };
    const sandbox = aSandbox({ annotations });
    expect(usableBy(sandbox, request)).toBe(sandbox);
    const refusal = (code: string) => expect.objectContaining({ code }) as Error;
    expect(() => usableBy(sandbox, { ...request, owner: 'eve' })).toThrow(refusal('SANDBOX_NOT_FOUND'));
    const going = aSandbox({ annotations, deletionTimestamp: CREATED });
    expect(() => usableBy(going, request)).toThrow(refusal('SANDBOX_DELETING'));
  });
});
