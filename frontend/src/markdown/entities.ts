/**
 * Stands in for the package `entities` in what browsers load (`alias` in vite.config.ts): its table of names would be a sixteenth of
 * all code of a conversation, and every browser has that table built in.
 *
 * @param entity  one reference with its semicolon, as markdown-it finds them: `&copy;`
 * @returns its text; `entity` itself when there is no such name
 */
export function decodeHTMLStrict(entity: string): string {
  // What is in a textarea is text, whatever it looks like: no element comes of it.
  const reader = document.createElement('textarea');
  reader.innerHTML = entity;
  const text = reader.textContent;
  // Browsers take `&notit;` for `&not` with "it;" behind it, as old pages expect; Markdown knows whole names only.
  return text.endsWith(';') && text !== ';' ? entity : text;
}
