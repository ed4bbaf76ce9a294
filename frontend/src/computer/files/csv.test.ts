import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCsv } from './csv.ts';

const rows = (text: string) => parseCsv(text, 100).rows;

test.each<[string, string, string[][]]>([
  [
    'plain rows',
    'a,b\n1,2\n',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  [
    'Windows line ends, no last one',
    'a,b\r\n1,2',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  ['quotes around separators, breaks and quotes', '"a,1","b\n2","say ""hi"""', [['a,1', 'b\n2', 'say "hi"']]],
  ['a quote in the middle', 'a"b,c', [['a"b', 'c']]],
  ['empty fields', ',,\n', [['', '', '']]],
  ['an empty quoted field at the end', 'a,""', [['a', '']]],
  [
    'semicolons',
    'a;b\n1,5;2',
    [
      ['a', 'b'],
      ['1,5', '2'],
    ],
  ],
  [
    'tabs',
    'a\tb\n1\t2',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  ['a byte order mark', '\uFEFFa,b', [['a', 'b']]],
  ['a quote that never ends', '"a,b', [['a,b']]],
  ['nothing', '', []],
])('%s', (_name, text, expected) => {
  expect(rows(text)).toEqual(expected);
});

test('reading stops at the limit and says so', () => {
  expect(parseCsv('a\nb\nc\n', 2)).toEqual({ rows: [['a'], ['b']], truncated: true });
  expect(parseCsv('a\nb\n', 2)).toEqual({ rows: [['a'], ['b']], truncated: false });
});

test('what is written with quotes is read back, whatever it is', () => {
  const table = fc.array(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(table, (cells) => {
      const text = cells.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\n');
      expect(parseCsv(text, 100, ',').rows).toEqual(cells);
    }),
  );
});
