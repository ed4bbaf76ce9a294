import { languageOf, parse, toSafeHtml } from './renderer.ts';
import type { MarkdownEnvironment, MarkdownWords } from './renderer.ts';

/** One top-level block. `key` is where it begins, which never changes while the text only grows. */
export type Block = { key: number; source: string } & (
  { kind: 'html'; html: string } | { kind: 'code'; language: string; code: string }
);

const LINK_REFERENCE = /^ {0,3}\[[^\]]+\]: /m;

export interface MarkdownStream {
  /**
   * Takes the whole text as it is now. Blocks that are finished are the same objects as before; only when the text is `complete` and
   * defines link references, which may stand below their use, it is rendered once more.
   */
  update(text: string, complete?: boolean): readonly Block[];
}

/**
 * Renders a text that grows at its end. In CommonMark a top-level block is finished as soon as another one has begun behind it, so only
 * the last block is parsed again, however long the text is.
 */
export function createMarkdownStream(words: MarkdownWords): MarkdownStream {
  /** Link references of the finished part; what is still growing may hold half of an address. */
  let known: MarkdownEnvironment = { words };
  let finished: Block[] = [];
  let finishedText = '';
  let last: Block[] = [];

  return {
    update(given, complete = false) {
      const text = given.includes('\r') ? given.replaceAll(/\r\n?/g, '\n') : given;
      const rewritten = !text.startsWith(finishedText);
      if (rewritten || (complete && LINK_REFERENCE.test(text))) {
        last = [];
        known = { words };
        finished = [];
        finishedText = '';
      }
      const tail = text.slice(finishedText.length);
      const blocks = blocksOf(tail, finishedText.length, { ...known, references: { ...known.references } }).map(
        (block, index) => {
          const held = last[finished.length + index];
          return held?.key === block.key && held.source === block.source ? held : block;
        },
      );
      last = [...finished, ...blocks];
      const open = blocks.at(-1);
      if (open && blocks.length > 1) {
        finished = last.slice(0, -1);
        parse(text.slice(finishedText.length, open.key), known);
        finishedText = text.slice(0, open.key);
      }
      return last;
    },
  };
}

function blocksOf(text: string, offset: number, env: MarkdownEnvironment): Block[] {
  const tokens = parse(text, env);
  const starts = lineStarts(text);
  // Where each top-level block begins: among the tokens, and in the text.
  const heads = tokens.flatMap((token, index) =>
    token.level === 0 && token.nesting >= 0 && token.map ? [{ index, at: starts[token.map[0]] ?? 0 }] : [],
  );
  return heads.map(({ index, at }, position) => {
    const next = heads[position + 1];
    const own = tokens.slice(index, next?.index);
    // What lies between two blocks (blank lines, link references) belongs to the one before.
    const from = position === 0 ? 0 : at;
    const source = text.slice(from, next?.at);
    const head = own[0];
    const place = { key: offset + from, source };
    if (head?.type === 'fence' || head?.type === 'code_block') {
      return { ...place, kind: 'code', language: languageOf(head.info), code: head.content.replace(/\n$/, '') };
    }
    return { ...place, kind: 'html', html: toSafeHtml(own, env) };
  });
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
