import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationMs, sandboxName, sandboxPoolSpec, sandboxSpec, sandboxTemplateSpec, setCondition } from './index.ts';

describe('names of sandboxes', () => {
  it('are DNS labels, and differ for different sessions', () => {
    const ids = fc.stringMatching(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/);
    fc.assert(
      fc.property(ids, ids, (one, other) => {
        expect(sandboxName(one)).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
        expect(sandboxName(one) === sandboxName(other)).toBe(one === other);
      }),
    );
    expect(sandboxName('Abc')).not.toBe(sandboxName('abc'));
  });
});

describe('durations', () => {
  it.each([
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
    ['250ms', 250],
  ])('reads %s', (text, expected) => expect(durationMs(text)).toBe(expected));

  it.each(['', '10', 's', '-1s', '1 s', '1d'])('refuses %j', (text) =>
    expect(() => durationMs(text)).toThrow(RangeError),
  );
});

describe('schemas', () => {
  it('fill in what was left out', () => {
    expect(sandboxSpec.parse({})).toEqual({
      templateRef: { name: 'default' },
      poolPolicy: 'Prefer',
      operatingMode: 'Running',
      restart: { policy: 'OnFailure', maxRestarts: 5 },
      display: { width: 1280, height: 800 },
    });
    expect(sandboxTemplateSpec.parse({ workspace: {} })).toMatchObject({ desktop: true, workspace: { retain: false } });
    expect(sandboxPoolSpec.parse({ templateRef: { name: 'default' } })).toMatchObject({ replicas: 1 });
  });

  it.each<[string, object]>([
    ['podTemplate', { podTemplate: { spec: {} } }],
    ['display.width', { display: { width: 10 } }],
    ['lifetime.idleTimeout', { lifetime: { idleTimeout: '10ms' } }],
    ['lifetime.idleTimeout', { lifetime: { idleTimeout: 'soon' } }],
    ['templateRef.name', { templateRef: { name: 'No Name' } }],
    ['wakeRequestedAt', { wakeRequestedAt: 'yesterday' }],
  ])('refuse a bad %s', (_path, spec) => expect(sandboxSpec.safeParse(spec).success).toBe(false));
});

describe('conditions', () => {
  it('keep the time of their last transition while the status stays', () => {
    const ready = { type: 'Ready', status: 'False', reason: 'Creating', message: '' } as const;
    const first = setCondition([], ready, '2026-01-01T00:00:00Z');
    const second = setCondition(first, { ...ready, reason: 'ToolsStarting' }, '2026-01-01T00:00:01Z');
    expect(second).toMatchObject([{ reason: 'ToolsStarting', lastTransitionTime: '2026-01-01T00:00:00Z' }]);
    const third = setCondition(second, { ...ready, status: 'True' }, '2026-01-01T00:00:02Z');
    expect(third).toMatchObject([{ lastTransitionTime: '2026-01-01T00:00:02Z' }]);
  });
});
