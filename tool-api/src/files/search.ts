import { spawn } from 'node:child_process';
import { rgPath } from '@vscode/ripgrep';
import { fileErrors } from './errors.ts';

export interface GrepLine {
  file: string;
  line: number;
  text: string;
  isMatch: boolean;
}

const COMMON = [
  '--no-config',
  '--no-messages',
  '--color=never',
  '--sort=path',
  '--hidden',
  '--no-require-git',
  '--null',
];
/** Last, so that no pattern takes .git in again. */
const NOT_GIT = ['--glob', '!**/.git/**'];
const MAX_LINE_CHARS = 500;

/**
 * Runs ripgrep in a folder and takes its records until `take` returns false; then, or on abort, ends it.
 *
 * @param folder  `/proc/self/fd/N`: a child still has our descriptors when it changes to its working directory
 */
async function ripgrep(
  folder: string,
  args: string[],
  separator: string,
  signal: AbortSignal,
  take: (record: string) => boolean,
): Promise<void> {
  const child = spawn(rgPath, [...COMMON, ...args], {
    cwd: folder,
    env: {},
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  const failed = new Promise<never>((_resolve, reject) => child.once('error', reject));
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 2000);
  });
  const records = async (): Promise<void> => {
    let rest = '';
    for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
      const parts = (rest + chunk).split(separator);
      rest = parts.pop() ?? '';
      if (!parts.every(take)) {
        child.kill('SIGKILL');
        return;
      }
    }
  };
  await Promise.race([records(), failed]);
  const code = await Promise.race([exited, failed]);
  // 1: nothing found. 2 without a word: a file that could not be read.
  if (code === 2 && complaint) throw fileErrors.PATTERN_INVALID({ why: complaint.trim() });
}

/** Files whose path fits a glob, relative to the folder. */
export async function globFiles(
  folder: string,
  options: { pattern: string; includeIgnored: boolean; offset: number; limit: number },
  signal: AbortSignal,
): Promise<{ files: string[]; hasMore: boolean }> {
  const { pattern, includeIgnored, offset, limit } = options;
  const files: string[] = [];
  let seen = 0;
  let hasMore = false;
  const args = ['--files', ...(includeIgnored ? ['--no-ignore'] : []), `--glob=${pattern}`, ...NOT_GIT];
  await ripgrep(folder, args, '\0', signal, (file) => {
    hasMore = files.length === limit;
    if (!hasMore && seen++ >= offset) files.push(file);
    return !hasMore;
  });
  return { files, hasMore };
}

/** Lines that match, and those around them, relative to the folder. */
export async function grepFiles(
  folder: string,
  options: {
    pattern: string;
    /** A single file of the folder, or all of it. */
    file: string | undefined;
    glob: string | undefined;
    ignoreCase: boolean;
    literal: boolean;
    contextLines: number;
    includeIgnored: boolean;
    offset: number;
    limit: number;
  },
  signal: AbortSignal,
): Promise<{ lines: GrepLine[]; matches: number; hasMore: boolean }> {
  const window = new MatchWindow(options.offset, options.limit, options.contextLines);
  const args = [
    '--line-number',
    '--with-filename',
    '--no-heading',
    // Of a long line only the beginning leaves ripgrep, so that our memory stays bounded.
    `--max-columns=${MAX_LINE_CHARS.toString()}`,
    '--max-columns-preview',
    `--context=${options.contextLines.toString()}`,
    ...(options.ignoreCase ? ['--ignore-case'] : []),
    ...(options.literal ? ['--fixed-strings'] : []),
    ...(options.includeIgnored ? ['--no-ignore'] : []),
    ...(options.glob === undefined ? [] : [`--glob=${options.glob}`]),
    ...NOT_GIT,
    `--regexp=${options.pattern}`,
    '--',
    options.file === undefined ? '.' : `./${options.file}`,
  ];
  await ripgrep(folder, args, '\n', signal, (record) => window.take(record));
  return { lines: window.lines, matches: window.matches, hasMore: window.hasMore };
}

/** Picks the matches from `offset` on, `limit` of them, each with its context. */
class MatchWindow {
  readonly lines: GrepLine[] = [];
  matches = 0;
  hasMore = false;
  readonly #offset: number;
  readonly #limit: number;
  readonly #contextLines: number;
  #seen = 0;
  #before: GrepLine[] = [];
  /** Lines of context still due to the last match that was picked. */
  #due = 0;

  constructor(offset: number, limit: number, contextLines: number) {
    this.#offset = offset;
    this.#limit = limit;
    this.#contextLines = contextLines;
  }

  /** False when no further record is needed. */
  take(record: string): boolean {
    const parsed = parseRecord(record);
    if (!parsed) {
      this.#before = [];
      this.#due = 0;
    } else if (parsed.isMatch) this.#takeMatch(parsed);
    else if (this.#due > 0) {
      this.#due--;
      this.lines.push(parsed);
    } else if (this.hasMore) return false;
    else this.#before = [...this.#before, parsed].slice(-this.#contextLines);
    return !this.hasMore || this.#due > 0;
  }

  #takeMatch(match: GrepLine): void {
    if (this.matches === this.#limit) {
      this.hasMore = true;
      this.#due = 0;
      return;
    }
    if (this.#seen++ < this.#offset) {
      this.#before = [];
      return;
    }
    this.lines.push(...this.#before, match);
    this.#before = [];
    this.matches++;
    this.#due = this.#contextLines;
  }
}

/** `file NUL number : text` of a match, `file NUL number - text` of context; others (`--` between groups) are none. */
function parseRecord(record: string): GrepLine | undefined {
  const [, file, line, kind, text] = /^([^\0]+)\0(\d+)([:-])(.*)$/s.exec(record) ?? [];
  if (file === undefined || text === undefined) return undefined;
  return {
    file: file.replace(/^\.\//, ''),
    line: Number(line),
    text: text.replace(/\r$/, '').slice(0, MAX_LINE_CHARS + 50),
    isMatch: kind === ':',
  };
}
