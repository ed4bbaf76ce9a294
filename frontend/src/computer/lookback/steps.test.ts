import { describe, expect, test } from 'vitest';
import { artefact, callBegins, callEnds, runBegins, runEnds, sessionAfter } from '../testing.ts';
import { changesOf, lastChangingRun, momentAt, stepsOf, tabOf } from './steps.ts';

const run = sessionAfter(
  ...runBegins(),
  callBegins('plan', 'plan_update'),
  callEnds('plan'),
  callBegins('a', 'shell_run', { command: 'ls' }),
  callEnds('a', [artefact('ta', 'terminal')]),
  callBegins('b', 'browser_navigate'),
  callEnds('b', [artefact('sb', 'screenshot')]),
  callBegins('c', 'files_write', { path: 'x.py' }),
  callEnds('c', [artefact('xc', 'file-after', 'x.py')]),
  callBegins('d', 'files_edit', { path: 'x.py' }),
  callEnds('d', [artefact('xc2', 'file-before', 'x.py'), artefact('xd', 'file-after', 'x.py')]),
);
const steps = stepsOf(run.timeline);

test('steps are the calls on the computer, in order', () => {
  expect(steps.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
});

describe('a moment', () => {
  test('shows the screen as last seen before it, and says so', () => {
    expect(momentAt(steps, 'b')?.screenshot).toMatchObject({ artefact: { id: 'sb' }, exact: true });
    expect(momentAt(steps, 'd')?.screenshot).toMatchObject({ artefact: { id: 'sb' }, exact: false });
  });

  test('never shows what came after it', () => {
    expect(momentAt(steps, 'a')?.screenshot).toBeNull();
    expect(momentAt(steps, 'b')?.files).toEqual([]);
  });

  test('shows the last command at or before it', () => {
    expect(momentAt(steps, 'd')?.terminal).toMatchObject({ step: { id: 'a' }, artefact: { id: 'ta' } });
  });

  test('of an unknown call is none', () => {
    expect(momentAt(steps, 'zzz')).toBeUndefined();
  });
});

test.each([
  ['a', 'terminal'],
  ['b', 'desktop'],
  ['c', 'changes'],
])('step %s is shown on the %s tab', (id, tab) => {
  expect(tabOf(steps.find((step) => step.id === id)!)).toBe(tab);
});

describe('changes', () => {
  test('reach from before the first to after the last', () => {
    expect(changesOf(steps)).toEqual([
      { path: 'x.py', before: null, after: expect.objectContaining({ id: 'xd' }) as unknown },
    ]);
  });

  test('of a file that was deleted have no after', () => {
    const state = sessionAfter(
      ...runBegins(),
      callBegins('c', 'files_delete'),
      callEnds('c', [artefact('o', 'file-before', 'old')]),
    );
    expect(changesOf(stepsOf(state.timeline))).toMatchObject([{ path: 'old', before: { id: 'o' }, after: null }]);
  });

  test('of a file that came and went are none', () => {
    const state = sessionAfter(
      ...runBegins(),
      callBegins('c', 'files_write'),
      callEnds('c', [artefact('1', 'file-after', 'tmp')]),
      callBegins('d', 'files_delete'),
      callEnds('d', [artefact('2', 'file-before', 'tmp')]),
    );
    expect(changesOf(stepsOf(state.timeline))).toEqual([]);
  });

  test('are those of the last run that changed something', () => {
    const state = sessionAfter(
      ...runBegins('r1'),
      callBegins('c', 'files_write', {}, 'r1'),
      callEnds('c', [artefact('1', 'file-after', 'kept')], 'r1'),
      runEnds('r1'),
      ...runBegins('r2'),
      callBegins('d', 'shell_run', {}, 'r2'),
      callEnds('d', [], 'r2'),
      runEnds('r2'),
    );
    expect(lastChangingRun(state)).toMatchObject({ runId: 'r1', changes: [{ path: 'kept' }] });
  });
});
