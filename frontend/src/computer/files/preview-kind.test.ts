import { describe, expect, test } from 'vitest';
import { formatBytes } from './format-bytes.ts';
import { decodeText, isTooLarge, mediaTypeOf, previewKindOf } from './preview-kind.ts';

const bytes = (...values: number[]) => new Uint8Array(values).buffer;

test.each([
  ['App.TSX', 'code'],
  ['README.md', 'markdown'],
  ['a.b.csv', 'csv'],
  ['Makefile', 'code'],
  ['x.html', 'html'],
  ['photo.JPEG', 'image'],
  ['x.tar.gz', 'none'],
])('%s is shown as %s', (name, kind) => {
  expect(previewKindOf(name)).toBe(kind);
});

test('only what we know gets a type that a browser acts on', () => {
  expect(mediaTypeOf('x.html')).toBe('application/octet-stream');
  expect(mediaTypeOf('x.pdf')).toBe('application/pdf');
});

describe('text', () => {
  test('is UTF-8 without NUL', () => {
    expect(decodeText(new TextEncoder().encode('héllo 你好').buffer)).toBe('héllo 你好');
    expect(decodeText(bytes(0x61, 0, 0x62))).toBeUndefined();
    expect(decodeText(bytes(0xff, 0xfe, 0x41))).toBeUndefined();
    expect(decodeText(bytes())).toBe('');
  });

  test('keeps its byte order mark, so that saving changes nothing', () => {
    expect(decodeText(bytes(0xef, 0xbb, 0xbf, 0x61))).toBe('\uFEFFa');
  });
});

test('large files are not loaded for a look', () => {
  expect(isTooLarge({ name: 'a.txt', sizeBytes: 3 * 1024 * 1024 })).toBe(true);
  expect(isTooLarge({ name: 'a.png', sizeBytes: 3 * 1024 * 1024 })).toBe(false);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 kB'],
  [1_234_567, '1.2 MB'],
  [345_678_901, '346 MB'],
])('%i bytes read %s', (size, text) => {
  expect(formatBytes(size, 'en')).toBe(text);
});
