export interface CsvTable {
  rows: string[][];
  /** True when the text holds more rows than were asked for. */
  truncated: boolean;
}

/**
 * Reads comma-, semicolon- or tab-separated text as RFC 4180 describes it, and as leniently as people's files need: quotes may
 * hold separators, line breaks and doubled quotes; any line end; a quote in the middle of a field is a character like others.
 *
 * @param maxRows  reading stops there
 */
export function parseCsv(text: string, maxRows: number, separator = separatorOf(text)): CsvTable {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  /** Where the row began: a last one without a line end may hold nothing but an empty quoted field. */
  let rowStart = at;
  const endField = (): void => {
    row.push(field);
    field = '';
  };
  const endRow = (): void => {
    endField();
    rows.push(row);
    row = [];
    rowStart = at + 1;
  };
  for (; at < text.length; at++) {
    if (rows.length === maxRows) return { rows, truncated: true };
    const char = text.charAt(at);
    if (quoted) {
      if (char !== '"') field += char;
      else if (text.charAt(at + 1) === '"') {
        field += '"';
        at++;
      } else quoted = false;
    } else if (char === '"' && field === '') quoted = true;
    else if (char === separator) endField();
    else if (char === '\n' || char === '\r') {
      if (char === '\r' && text.charAt(at + 1) === '\n') at++;
      endRow();
    } else field += char;
  }
  if (at > rowStart) {
    if (rows.length === maxRows) return { rows, truncated: true };
    endRow();
  }
  return { rows, truncated: false };
}

/** The candidate that is most frequent in the first line, outside of quotes; a comma when there is none. */
function separatorOf(text: string): string {
  const head = (text.split(/\r?\n/, 1)[0] ?? '').replaceAll(/"[^"]*"/g, '');
  const counted = [',', ';', '\t'].map((char) => ({ char, count: head.split(char).length }));
  return counted.reduce((best, next) => (next.count > best.count ? next : best)).char;
}
