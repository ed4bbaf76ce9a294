import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { controlViewOf } from './control-view.ts';
import { keyOf, keys, strokesOf } from './keys.ts';
import { fitted, pan, reveal, zoomAt } from './viewport.ts';
import { absenceOf, wakeSteps } from './wake.ts';

const frame = { width: 400, height: 300 };

describe('zoom', () => {
  test('keeps the point under the fingers', () => {
    const view = zoomAt(fitted, 2, { x: 100, y: 50 }, frame);
    expect(view).toEqual({ zoom: 2, scrollX: 100, scrollY: 50 });
  });

  test('never shows what is outside, and comes back to fitted', () => {
    const step = fc.record({
      factor: fc.double({ min: 0.2, max: 4, noNaN: true }),
      x: fc.integer({ min: 0, max: 400 }),
      y: fc.integer({ min: 0, max: 300 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (zooms) => {
        const view = zooms.reduce(
          (held, { factor, ...at }) => pan(zoomAt(held, factor, at, frame), at.x - 200, at.y - 150, frame),
          fitted,
        );
        expect(view.zoom).toBeGreaterThanOrEqual(1);
        expect(view.scrollX).toBeGreaterThanOrEqual(0);
        expect(view.scrollX).toBeLessThanOrEqual(400 * (view.zoom - 1) + 1e-6);
        expect(zoomAt(view, 0.01, { x: 0, y: 0 }, frame)).toEqual(fitted);
      }),
    );
  });

  test('follows the pointer only as far as needed', () => {
    const view = { zoom: 3, scrollX: 100, scrollY: 100 };
    expect(reveal(view, { x: 300, y: 250 }, frame)).toEqual(view);
    expect(reveal(view, { x: 600, y: 250 }, frame)).toEqual({ ...view, scrollX: 240 });
  });
});

describe('keys', () => {
  test('of a chord go down in order and up in reverse', () => {
    const names = strokesOf([keys.Control, keys.Alt, keys.Delete]).map(
      ({ key, down }) => `${key.code ?? ''}${down ? '+' : '-'}`,
    );
    expect(names).toEqual(['ControlLeft+', 'AltLeft+', 'Delete+', 'Delete-', 'AltLeft-', 'ControlLeft-']);
  });

  test.each([
    ['a', 0x61],
    ['é', 0xe9],
    ['你', 0x0100_4f60],
    ['😀', 0x0101_f600],
    ['\n', 0xff0d],
  ])('%j has the keysym %i', (char, keysym) => {
    expect(keyOf(char).keysym).toBe(keysym);
  });
});

describe('waking', () => {
  test('tells what each phase took and how long the present one lasts', () => {
    expect(
      wakeSteps('starting-desktop', { creating: 0, 'starting-tools': 300, 'starting-desktop': 800 }, 2000),
    ).toEqual([
      { phase: 'creating', state: 'done', durationMs: 300 },
      { phase: 'starting-tools', state: 'done', durationMs: 500 },
      { phase: 'starting-desktop', state: 'active', durationMs: 1200 },
    ]);
  });

  test('claims no time for what nobody watched', () => {
    expect(wakeSteps('starting-tools', { 'starting-tools': 10 }, 20)).toMatchObject([
      { state: 'done', durationMs: null },
      { state: 'active', durationMs: 10 },
      { state: 'pending', durationMs: null },
    ]);
  });
});

test('there is a desktop to connect to only when the computer is ready', () => {
  expect(absenceOf('ready')).toBeUndefined();
  expect(absenceOf('none')).toBe('none');
  expect(absenceOf('creating')).toBe('waking');
  expect(absenceOf('suspending')).toBe('suspending');
});

test.each([
  [{ holder: 'agent' as const }, { by: 'agent' }],
  [{ holder: 'person' as const, viewerId: 'tab-1', userId: 'ada' }, { by: 'me' }],
  [{ holder: 'person' as const, viewerId: 'tab-2', userId: 'ada' }, { by: 'my-other-tab' }],
  [
    { holder: 'person' as const, viewerId: 'tab-2', userId: 'bob', name: 'Bob' },
    { by: 'other', name: 'Bob' },
  ],
  [
    { holder: 'person' as const, viewerId: 'tab-2' },
    { by: 'other', name: null },
  ],
])('control %j is seen as %j', (control, view) => {
  expect(controlViewOf(control, 'tab-1', 'ada')).toEqual(view);
});
