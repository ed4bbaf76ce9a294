import { describe, expect, it } from 'vitest';
import { createMarkdownStream } from './blocks.ts';
import type { Block } from './blocks.ts';

const words = { copy: 'Copy', showImage: (host: string, alt: string) => `${host}: ${alt}` };
const document_ = [
  '# Title\n\n',
  'A paragraph with **bold** text\nand a second line.\n\n',
  '- one\n- two\n\n  still two\n\n',
  '```python\nprint("a")\n\nprint("b")\n```\n\n',
  '| a | b |\n|--:|---|\n| 1 | 2 |\n\n',
  '> quoted\n\n',
  'Setext\n---\n\n',
  '[ref]: https://example.org\n\nThe [link][ref] and the end.\n',
].join('');

const content = (blocks: readonly Block[]): string[] =>
  blocks.map((block) => (block.kind === 'code' ? `${block.language}|${block.code}` : block.html));

describe('a text that streams in', () => {
  it('renders as the same blocks whatever the sizes of its pieces', () => {
    const whole = content(createMarkdownStream(words).update(document_));
    for (const size of [1, 2, 3, 7, 50]) {
      const stream = createMarkdownStream(words);
      let blocks: readonly Block[] = [];
      for (let end = size; end < document_.length + size; end += size) blocks = stream.update(document_.slice(0, end));
      expect(content(blocks), `pieces of ${size}`).toEqual(whole);
    }
  });

  it('keeps the identity of every block but the last', () => {
    const stream = createMarkdownStream(words);
    let before: readonly Block[] = [];
    for (let end = 1; end <= document_.length; end += 1) {
      const blocks = stream.update(document_.slice(0, end));
      const kept = Math.min(before.length, blocks.length) - 1;
      for (let index = 0; index < kept; index += 1) expect(blocks[index]).toBe(before[index]);
      before = blocks;
    }
    expect(before.length).toBeGreaterThan(7);
  });

  it('starts anew when the text is rewritten instead of continued', () => {
    const stream = createMarkdownStream(words);
    stream.update('one\n\ntwo\n\nthree');
    const blocks = content(stream.update('other\n\ntext'));
    expect(blocks).toHaveLength(2);
    expect(blocks[0]).toContain('other');
    expect(blocks[1]).toContain('text');
  });

  it('gives a link its address when that comes below, as soon as the text is complete', () => {
    const stream = createMarkdownStream(words);
    const text = 'A [link][ref].\n\n[ref]: https://example.org/x';
    for (let end = 1; end <= text.length; end += 1) stream.update(text.slice(0, end));
    expect(content(stream.update(text, true)).join('')).toContain('href="https://example.org/x"');
  });

  it('shows code with its language while its fence is still open', () => {
    expect(createMarkdownStream(words).update('```ts\nconst a = 1;').at(0)).toMatchObject({
      kind: 'code',
      language: 'ts',
      code: 'const a = 1;',
    });
  });
});
