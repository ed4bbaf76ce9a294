import type { FileEntry } from '@sandpiper/protocol';
import { describe, expect, test } from 'vitest';
import { ancestorsOf, isWithin, problemOf } from './paths.ts';
import {
  emptyTree,
  foldersToRefresh,
  freeName,
  moveIn,
  rowsOf,
  withFailure,
  withListing,
  withLoading,
  withOpen,
} from './tree.ts';
import type { Tree } from './tree.ts';

const file = (path: string): FileEntry => ({
  name: path.split('/').at(-1)!,
  path,
  type: 'file',
  sizeBytes: 1,
  modifiedAt: '',
});
const folder = (path: string): FileEntry => ({ ...file(path), type: 'directory' });
const shown = (tree: Tree, { showHidden = false, without = [] as string[] } = {}) =>
  rowsOf(tree, { showHidden, without: new Set(without) }).map((row) =>
    row.kind === 'entry' ? row.entry.path : `(${row.note})`,
  );

const root = withListing(emptyTree, '', [file('a10'), folder('src'), file('a2'), file('.env')], false);
const opened = withListing(withOpen(root, 'src', true), 'src', [file('src/x.ts'), folder('src/deep')], false);

describe('what is shown', () => {
  test('is loading before anything is known', () => {
    expect(shown(emptyTree)).toEqual(['(loading)']);
  });

  test('is folders first, then names as people count', () => {
    expect(shown(root)).toEqual(['src', 'a2', 'a10']);
  });

  test('has dotfiles only when asked, and nothing that is being deleted', () => {
    expect(shown(root, { showHidden: true })).toContain('.env');
    expect(shown(root, { without: ['src'] })).toEqual(['a2', 'a10']);
  });

  test('has the content of open folders at their place', () => {
    expect(shown(opened)).toEqual(['src', 'src/deep', 'src/x.ts', 'a2', 'a10']);
  });

  test('says why a folder shows nothing', () => {
    expect(shown(withListing(withOpen(root, 'src', true), 'src', [], false))).toContain('(empty)');
    expect(shown(withFailure(withOpen(root, 'src', true), 'src'))).toContain('(failed)');
    expect(shown(withListing(emptyTree, '', [file('a')], true))).toEqual(['a', '(truncated)']);
  });

  test('keeps what was there while it is listed again', () => {
    expect(shown(withLoading(opened, ''))).toEqual(shown(opened));
  });
});

test('a folder that is gone takes what was below it along', () => {
  const gone = withListing(opened, '', [file('a2')], false);
  expect(shown(gone)).toEqual(['a2']);
  expect([...gone.open]).toEqual(['']);
});

test('only open folders that can be seen are listed again, outermost first', () => {
  const deep = withOpen(opened, 'src/deep', true);
  expect(foldersToRefresh(deep)).toEqual(['', 'src', 'src/deep']);
  expect(foldersToRefresh(withOpen(deep, 'src', false))).toEqual(['']);
});

describe('keys', () => {
  const rows = rowsOf(opened, { showHidden: false, without: new Set() });
  test.each([
    ['src', 'ArrowDown', { focus: 'src/deep' }],
    ['src/deep', 'ArrowUp', { focus: 'src' }],
    ['src/x.ts', 'ArrowLeft', { focus: 'src' }],
    ['src', 'ArrowLeft', { close: 'src' }],
    ['src', 'ArrowRight', { focus: 'src/deep' }],
    ['src/deep', 'ArrowRight', { open: 'src/deep' }],
    ['a2', 'ArrowRight', undefined],
    ['a2', 'End', { focus: 'a10' }],
    ['a10', 'ArrowDown', undefined],
    ['a10', 'Home', { focus: 'src' }],
  ])('%s %s', (focused, key, expected) => {
    expect(moveIn(rows, focused, key)).toEqual(expected);
  });
});

test.each([
  ['report.csv', ['report.csv', 'report 2.csv'], 'report 3.csv'],
  ['new', [], 'new'],
  ['.env', ['.env'], '.env 2'],
])('an upload of %s beside %j is named %s', (name, taken, expected) => {
  expect(freeName(name, new Set(taken))).toBe(expected);
});

test.each([
  ['', 'empty'],
  ['a/b', 'slash'],
  ['..', 'reserved'],
  ['taken', 'taken'],
  ['长'.repeat(90), 'long'],
  ['..x', undefined],
])('the name %j is %s', (name, problem) => {
  expect(problemOf(name, ['taken'])).toBe(problem);
});

test('paths', () => {
  expect(ancestorsOf('a/b/c.txt')).toEqual(['', 'a', 'a/b']);
  expect(isWithin('ab', 'a')).toBe(false);
  expect(isWithin('a/b', 'a')).toBe(true);
});
