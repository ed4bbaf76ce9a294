/** As much of the DOM as is used here; this program has no browser's types. */
export interface HtmlElement {
  readonly textContent: string | null;
  readonly innerHTML: string;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  querySelector(selector: string): HtmlElement | null;
  querySelectorAll(selector: string): Iterable<HtmlElement>;
}

export interface HtmlDocument extends HtmlElement {
  readonly body: HtmlElement;
}

/** Parses a whole document or a fragment. The parser is loaded at the first use: with its kin half a second and 30 MB. */
export async function parseDocument(html: string): Promise<HtmlDocument> {
  const { parseHTML } = await import('linkedom');
  const { document } = parseHTML(complete(html)) as unknown as { document: HtmlDocument };
  return document;
}

/** The parser invents neither html, head nor body, as a browser would, and cannot find a body without a head before it. */
function complete(html: string): string {
  if (/<html[\s>]/i.test(html) && /<head[\s>]/i.test(html) && /<body[\s>]/i.test(html)) return html;
  const inner = html.replaceAll(/<!doctype[^>]*>|<\/?html[^>]*>/gi, '');
  const bodyAt = inner.search(/<body[\s>]/i);
  if (bodyAt === -1) return `<html><head></head><body>${inner}</body></html>`;
  const head = inner.slice(0, bodyAt).replaceAll(/<\/?head[^>]*>/gi, '');
  return `<html><head>${head}</head>${inner.slice(bodyAt)}</html>`;
}
