import type { FileHandle } from 'node:fs/promises';
import { fileErrors } from './errors.ts';

export interface TextPage {
  text: string;
  endLine: number;
  totalLines: number | undefined;
  nextLine: number | undefined;
}

const CHUNK_BYTES = 64 * 1024;
const MAX_LINE_BYTES = 8 * 1024;
const MAX_PAGE_BYTES = 256 * 1024;
/** Beyond this much of a file nobody needs the number of lines. */
const MAX_COUNT_BYTES = 64 * 1024 * 1024;

/**
 * Reads lines of a text file in bounded memory. Lines keep their line breaks; one that is longer than 8 kB is cut, and says so.
 *
 * @throws FILE_BINARY when the beginning, or what is to be returned, holds a NUL
 */
export async function readLines(
  handle: FileHandle,
  path: string,
  wanted: { startLine: number; limit: number; numbered: boolean },
): Promise<TextPage> {
  const page = new Page(wanted);
  let position = 0;
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position);
    const chunk = buffer.subarray(0, bytesRead);
    if ((position === 0 || page.isTaking) && chunk.includes(0)) throw fileErrors.FILE_BINARY({ path });
    if (bytesRead === 0) return page.finish(true);
    position += bytesRead;
    page.add(chunk);
    if (page.isFull && position > MAX_COUNT_BYTES) return page.finish(false);
  }
}

/** The lines taken so far out of a file that goes by. */
class Page {
  readonly #startLine: number;
  readonly #limit: number;
  readonly #numbered: boolean;
  readonly #lines: string[] = [];
  #bytes = 0;
  #line = 1;
  #current: Buffer[] = [];
  #currentLength = 0;
  #endLine: number;
  #isFull = false;

  constructor(wanted: { startLine: number; limit: number; numbered: boolean }) {
    this.#startLine = wanted.startLine;
    this.#limit = wanted.limit;
    this.#numbered = wanted.numbered;
    this.#endLine = wanted.startLine - 1;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  get isTaking(): boolean {
    return this.#line >= this.#startLine && !this.#isFull;
  }

  add(chunk: Buffer): void {
    let from = 0;
    while (from < chunk.length) {
      const lineBreak = chunk.indexOf(10, from);
      const end = lineBreak < 0 ? chunk.length : lineBreak + 1;
      if (this.isTaking) this.#keep(chunk.subarray(from, end));
      else this.#currentLength += end - from;
      if (lineBreak >= 0) this.#endOfLine();
      from = end;
    }
  }

  finish(isEnd: boolean): TextPage {
    const hasLastLine = this.#currentLength > 0;
    if (hasLastLine) this.#endOfLine();
    const lastLine = this.#line - 1;
    return {
      text: this.#lines.join(''),
      endLine: this.#endLine,
      totalLines: isEnd ? lastLine : undefined,
      nextLine: this.#isFull && lastLine > this.#endLine ? this.#endLine + 1 : undefined,
    };
  }

  #keep(bytes: Buffer): void {
    const room = MAX_LINE_BYTES - Math.min(this.#currentLength, MAX_LINE_BYTES);
    if (room > 0) this.#current.push(bytes.subarray(0, room));
    this.#currentLength += bytes.length;
  }

  #endOfLine(): void {
    if (this.isTaking) {
      const cut = this.#currentLength - MAX_LINE_BYTES;
      const text = Buffer.concat(this.#current).toString('utf8');
      this.#lines.push(
        (this.#numbered ? `${this.#line.toString()}\t` : '') +
          (cut > 0 ? `${text}… (${cut.toString()} bytes more)\n` : text),
      );
      this.#bytes += Math.min(this.#currentLength, MAX_LINE_BYTES);
      this.#endLine = this.#line;
      this.#isFull = this.#lines.length >= this.#limit || this.#bytes >= MAX_PAGE_BYTES;
    }
    this.#current = [];
    this.#currentLength = 0;
    this.#line++;
  }
}
