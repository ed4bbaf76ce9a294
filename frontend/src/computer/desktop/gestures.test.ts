import { describe, expect, test } from 'vitest';
import { Gestures } from './gestures.ts';
import type { TouchAction, TouchInput, TouchMode } from './gestures.ts';

const down = (x: number, y: number, { id = 1, atMs = 0 } = {}): TouchInput => ({ kind: 'down', id, x, y, atMs });
const move = (x: number, y: number, { id = 1, atMs = 50 } = {}): TouchInput => ({ kind: 'move', id, x, y, atMs });
const up = ({ id = 1, atMs = 100 } = {}): TouchInput => ({ kind: 'up', id, atMs });

function run(mode: TouchMode, ...inputs: TouchInput[]): TouchAction[] {
  const gestures = new Gestures(mode);
  return inputs.flatMap((input) => gestures.push(input));
}
const sum = (actions: TouchAction[], kind: 'pan' | 'scroll' | 'pointer') =>
  actions.reduce(
    (total, action) => (action.kind === kind ? { dx: total.dx + action.dx, dy: total.dy + action.dy } : total),
    { dx: 0, dy: 0 },
  );

describe('watching', () => {
  test('a finger moves the view and never clicks', () => {
    expect(sum(run('view', down(100, 100), move(130, 120), up()), 'pan')).toEqual({ dx: 30, dy: 20 });
    expect(run('view', down(1, 1), { kind: 'held' }, up())).toEqual([]);
  });

  test('fingers that go apart zoom around their middle', () => {
    const actions = run('view', down(100, 100), down(200, 100, { id: 2 }), move(300, 100, { id: 2 }));
    expect(actions).toContainEqual({ kind: 'zoom', factor: 2, x: 200, y: 100 });
  });
});

describe('touching directly', () => {
  test('a tap clicks where it is, though it trembles', () => {
    expect(run('direct', down(50, 60), move(53, 62), up())).toEqual([{ kind: 'click', button: 'left', x: 50, y: 60 }]);
  });

  test('a long press and two fingers click right', () => {
    expect(run('direct', down(50, 60), { kind: 'held' }, up({ atMs: 900 }))).toEqual([
      { kind: 'click', button: 'right', x: 50, y: 60 },
    ]);
    expect(run('direct', down(50, 60), down(90, 60, { id: 2 }), up({ id: 2 }), up())).toMatchObject([
      { kind: 'click', button: 'right' },
    ]);
  });

  test('a finger scrolls', () => {
    expect(sum(run('direct', down(50, 200), move(50, 150), move(50, 120), up()), 'scroll')).toEqual({ dx: 0, dy: -80 });
  });

  test('what is left of a pinch neither scrolls nor clicks', () => {
    const actions = run(
      'direct',
      down(0, 0),
      down(100, 0, { id: 2 }),
      move(150, 0, { id: 2 }),
      up({ id: 2 }),
      move(40, 40),
      up(),
    );
    expect(actions.filter(({ kind }) => kind === 'scroll' || kind === 'click')).toEqual([]);
  });
});

describe('the touch pad', () => {
  test('moves the pointer, and a tap clicks where the pointer is', () => {
    expect(sum(run('touchpad', down(0, 0), move(40, 30), up()), 'pointer')).toEqual({ dx: 40, dy: 30 });
    expect(run('touchpad', down(0, 0), up())).toMatchObject([{ kind: 'click', button: 'left' }]);
  });

  test('a tap and a drag drags', () => {
    const actions = run(
      'touchpad',
      down(0, 0),
      up({ atMs: 80 }),
      down(0, 0, { atMs: 200 }),
      move(30, 0, { atMs: 300 }),
      up({ atMs: 400 }),
    );
    expect(actions.map(({ kind }) => kind)).toEqual(['click', 'press', 'pointer', 'release']);
  });

  test('two fingers the same way scroll, apart they zoom, never both', () => {
    const same = run(
      'touchpad',
      down(0, 0),
      down(50, 0, { id: 2 }),
      move(0, 30),
      move(50, 30, { id: 2 }),
      move(0, 60),
      move(50, 60, { id: 2 }),
    );
    expect(new Set(same.map(({ kind }) => kind))).toEqual(new Set(['scroll']));
    const apart = run('touchpad', down(0, 0), down(50, 0, { id: 2 }), move(-40, 0), move(90, 0, { id: 2 }));
    expect(new Set(apart.map(({ kind }) => kind))).toEqual(new Set(['zoom']));
  });
});
