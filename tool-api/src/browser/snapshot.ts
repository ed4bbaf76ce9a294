import type { Page } from 'playwright-core';

/** The page's accessibility tree as indented text with element references, frames included. */
export function snapshotOf(page: Page, signal?: AbortSignal): Promise<string> {
  return page.ariaSnapshot({ mode: 'ai', timeout: 10_000, ...(signal && { signal }) });
}

/**
 * A part of a text that ends at the end of a line, where there is one in the last fifth; never between the halves of a character.
 *
 * @returns the part, and where the next one begins when there is more
 */
export function cut(text: string, offset: number, maxChars: number): { text: string; nextOffset?: number } {
  if (text.length - offset <= maxChars) return { text: text.slice(offset) };
  let end = offset + maxChars;
  const lineEnd = text.lastIndexOf('\n', end - 1) + 1;
  if (lineEnd > offset + maxChars * 0.8) end = lineEnd;
  else if (isHighSurrogate(text.charCodeAt(end - 1))) end -= 1;
  return { text: text.slice(offset, end), nextOffset: end };
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
