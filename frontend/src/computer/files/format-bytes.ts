const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** A size as people read it, in steps of 1000 as file managers count: `1.2 MB`, `640 B`. */
export function formatBytes(bytes: number, locale: string): string {
  const step = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** step;
  const digits = step === 0 || value >= 100 ? 0 : 1;
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value)} ${UNITS[step] ?? ''}`;
}
