import type { FileEntry } from '@sandpiper/protocol';
import { parentOf } from './paths.ts';

/** What is known of one folder. */
export interface Folder {
  entries: readonly FileEntry[];
  status: 'loading' | 'loaded' | 'failed';
  truncated: boolean;
}

/** The tree: what was listed, which folders are open. Treated as immutable. */
export interface Tree {
  folders: ReadonlyMap<string, Folder>;
  open: ReadonlySet<string>;
}

export const emptyTree: Tree = { folders: new Map(), open: new Set(['']) };

/** One line of the tree as it is shown. */
export type TreeRow =
  | { kind: 'entry'; entry: FileEntry; level: number; open: boolean; position: number; siblings: number }
  /** Instead of a folder's content: it loads, could not be listed, is empty, or was cut off. */
  | { kind: 'note'; note: 'loading' | 'failed' | 'empty' | 'truncated'; folder: string; level: number };

export interface TreeView {
  showHidden: boolean;
  /** Paths that a person deleted and may still bring back. */
  without: ReadonlySet<string>;
}

/** The lines to show, folders first, then by name as people count (`a2` before `a10`). */
export function rowsOf(tree: Tree, view: TreeView): TreeRow[] {
  return rowsIn(tree, view, '', 1);
}

function rowsIn(tree: Tree, view: TreeView, path: string, level: number): TreeRow[] {
  const folder = tree.folders.get(path);
  if (!folder || (folder.status === 'loading' && folder.entries.length === 0)) {
    return [{ kind: 'note', note: 'loading', folder: path, level }];
  }
  if (folder.status === 'failed') return [{ kind: 'note', note: 'failed', folder: path, level }];
  const entries = sorted(folder.entries.filter((entry) => isShown(entry, view)));
  const rows = entries.flatMap((entry, index): TreeRow[] => {
    const open = entry.type === 'directory' && tree.open.has(entry.path);
    const row: TreeRow = { kind: 'entry', entry, level, open, position: index + 1, siblings: entries.length };
    return open ? [row, ...rowsIn(tree, view, entry.path, level + 1)] : [row];
  });
  if (rows.length === 0) rows.push({ kind: 'note', note: 'empty', folder: path, level });
  if (folder.truncated) rows.push({ kind: 'note', note: 'truncated', folder: path, level });
  return rows;
}

const isShown = (entry: FileEntry, view: TreeView): boolean =>
  (view.showHidden || !entry.name.startsWith('.')) && !view.without.has(entry.path);

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

const sorted = (entries: readonly FileEntry[]): FileEntry[] =>
  entries.toSorted(
    (a, b) => Number(b.type === 'directory') - Number(a.type === 'directory') || byName.compare(a.name, b.name),
  );

/** Begins to list a folder; what it held stays visible meanwhile. */
export function withLoading(tree: Tree, path: string): Tree {
  const held = tree.folders.get(path);
  return withFolder(tree, path, {
    entries: held?.entries ?? [],
    status: 'loading',
    truncated: held?.truncated ?? false,
  });
}

export function withListing(tree: Tree, path: string, entries: readonly FileEntry[], truncated: boolean): Tree {
  const listed = withFolder(tree, path, { entries, status: 'loaded', truncated });
  // A folder that is no longer there takes what was below it along.
  const names = new Set(entries.map((entry) => entry.path));
  const gone = [...listed.folders.keys()].filter(
    (known) => known !== '' && parentOf(known) === path && !names.has(known),
  );
  return gone.reduce(withoutFolder, listed);
}

export const withFailure = (tree: Tree, path: string): Tree =>
  withFolder(tree, path, { entries: [], status: 'failed', truncated: false });

export function withOpen(tree: Tree, path: string, open: boolean): Tree {
  const next = new Set(tree.open);
  if (open) next.add(path);
  else next.delete(path);
  return { ...tree, open: next };
}

/** Forgets a folder and everything below it. */
export function withoutFolder(tree: Tree, path: string): Tree {
  const below = (known: string): boolean => known === path || known.startsWith(`${path}/`);
  return {
    folders: new Map([...tree.folders].filter(([known]) => !below(known))),
    open: new Set([...tree.open].filter((known) => !below(known))),
  };
}

/** Open folders whose content is on screen, outermost first: what a refresh has to list again. */
export function foldersToRefresh(tree: Tree): string[] {
  const isVisible = (path: string): boolean => path === '' || (tree.open.has(path) && isVisible(parentOf(path)));
  return [...tree.open].filter(isVisible).sort((a, b) => a.split('/').length - b.split('/').length || (a < b ? -1 : 1));
}

function withFolder(tree: Tree, path: string, folder: Folder): Tree {
  return { ...tree, folders: new Map(tree.folders).set(path, folder) };
}

/** A name for a copy of `name` that is free: `report.csv` → `report 2.csv`. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  const dot = name.lastIndexOf('.');
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  for (let number = 2; ; number++) {
    const candidate = `${stem} ${number}${extension}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** Where a key moves the focus in the tree, after the pattern of https://www.w3.org/WAI/ARIA/apg/patterns/treeview/ */
export type TreeMove = { focus: string } | { open: string } | { close: string } | undefined;

export function moveIn(rows: readonly TreeRow[], focused: string | undefined, key: string): TreeMove {
  const entries = rows.filter((row) => row.kind === 'entry');
  const index = entries.findIndex((row) => row.entry.path === focused);
  const row = entries[index];
  const to = (target: (typeof entries)[number] | undefined): TreeMove => target && { focus: target.entry.path };
  switch (key) {
    case 'ArrowDown':
      return to(entries[index + 1]);
    case 'ArrowUp':
      return to(entries[index - 1]);
    case 'Home':
      return to(entries[0]);
    case 'End':
      return to(entries.at(-1));
    case 'ArrowRight':
      if (row?.entry.type !== 'directory') return undefined;
      if (!row.open) return { open: row.entry.path };
      return entries[index + 1]?.level === row.level + 1 ? to(entries[index + 1]) : undefined;
    case 'ArrowLeft':
      if (row?.open) return { close: row.entry.path };
      return to(entries.find((candidate) => candidate.entry.path === parentOf(row?.entry.path ?? '')));
    default:
      return undefined;
  }
}
