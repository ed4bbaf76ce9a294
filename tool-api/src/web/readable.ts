import { parseDocument, type HtmlDocument } from './html.ts';

/** Text in the charset that the server, a byte order mark or the document itself names; UTF-8 otherwise. */
export function decodeText(bytes: Buffer, charset: string | undefined): string {
  const declared = /<meta[^>]+charset=["']?([\w-]+)/i.exec(bytes.toString('latin1', 0, 2048))?.[1];
  const mark =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : undefined;
  for (const label of [mark, charset, declared]) {
    try {
      if (label !== undefined) return new TextDecoder(label).decode(bytes);
    } catch {
      // A charset that nobody knows: the next guess.
    }
  }
  return new TextDecoder().decode(bytes);
}

/**
 * The readable part of an HTML page as Markdown: the article where there is one, else the whole body. Links are absolute.
 *
 * @param url  of the page, what its links are relative to
 */
export async function toMarkdown(html: string, url: string): Promise<{ title: string | undefined; markdown: string }> {
  const [{ Readability }, { default: Turndown }] = await Promise.all([
    import('@mozilla/readability'),
    import('turndown'),
  ]);
  const document = await parseDocument(html);
  const title = document.querySelector('title')?.textContent?.trim();
  makeAbsolute(document, 'a[href]', 'href', url);
  makeAbsolute(document, 'img[src]', 'src', url);
  const turndown = new Turndown({ headingStyle: 'atx', codeBlockStyle: 'fenced', bulletListMarker: '-' });
  turndown.remove(['script', 'style', 'noscript', 'iframe']);
  // Readability takes the document apart.
  const whole = document.body.innerHTML;
  const article = new Readability(document).parse();
  // A list of links or an application has no article; then less than this much is left of it.
  const hasArticle = (article?.textContent ?? '').trim().length > 200;
  const { body } = await parseDocument(hasArticle ? (article?.content ?? '') : whole);
  const markdown = turndown.turndown(body);
  return { title: title === '' ? undefined : title, markdown: markdown.replaceAll(/\n{3,}/g, '\n\n').trim() };
}

function makeAbsolute(document: HtmlDocument, selector: string, attribute: string, base: string): void {
  for (const element of document.querySelectorAll(selector)) {
    const target = element.getAttribute(attribute) ?? '';
    if (URL.canParse(target, base)) element.setAttribute(attribute, new URL(target, base).href);
  }
}
