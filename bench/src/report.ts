/** One line of the table: what was measured, and against what it is held. */
export interface Row {
  what: string;
  value: number;
  unit: 'ms' | 'MiB' | 'MiB/s' | 'ratio' | 'tokens/s' | 'writes' | 'claims/s' | '% of a core';
  /** What it should be; `atMost` for times, `atLeast` for ratios. */
  aim?: { atMost: number } | { atLeast: number };
}

export interface Benchmark {
  name: string;
  /** One sentence: how it is measured. */
  method: string;
  /** @param size  `small`: a quick look whether all of it works; only some have one */
  run(size: { small: boolean }): Promise<Row[]>;
}

/** Nearest-rank percentile of unsorted samples; `p` between 0 and 1. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;
}

export function isMet({ value, aim }: Row): boolean | undefined {
  if (!aim) return undefined;
  return 'atMost' in aim ? value <= aim.atMost : value >= aim.atLeast;
}

/** A Markdown table, as docs/performance.md keeps it. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [row.what, `${round(row.value)} ${row.unit}`, aimOf(row), verdict(row)]);
  const all = [['measured', 'value', 'aim', ''], ...cells];
  const widths = [0, 1, 2, 3].map((column) => Math.max(3, ...all.map((line) => line[column]?.length ?? 0)));
  const line = (parts: string[]): string =>
    `| ${parts.map((part, column) => part.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = all;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

const aimOf = ({ aim, unit }: Row): string =>
  aim === undefined ? '' : 'atMost' in aim ? `≤ ${aim.atMost} ${unit}` : `≥ ${aim.atLeast} ${unit}`;

const verdict = (row: Row): string => ({ true: 'met', false: 'missed', undefined: '' })[String(isMet(row)) as 'true'];

const round = (value: number): string => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
