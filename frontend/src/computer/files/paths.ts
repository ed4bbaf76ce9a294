/* Workspace paths: `/` between segments, no leading slash; '' is the workspace itself. */

export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export const join = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

/** Whether `path` is `folder` or lies in it. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || folder === '' || path.startsWith(`${folder}/`);

/** Every folder on the way to a path, outermost first: `a/b/c.txt` → `['', 'a', 'a/b']`. */
export function ancestorsOf(path: string): string[] {
  const segments = path.split('/').slice(0, -1);
  return ['', ...segments.map((_, index) => segments.slice(0, index + 1).join('/'))];
}

export type NameProblem = 'empty' | 'slash' | 'reserved' | 'taken' | 'long';

/** Why a name cannot be given to a file in a folder that holds `siblings`; undefined when it can. */
export function problemOf(name: string, siblings: readonly string[]): NameProblem | undefined {
  if (name.trim() === '') return 'empty';
  if (name.includes('/') || name.includes('\0')) return 'slash';
  if (name === '.' || name === '..') return 'reserved';
  if (new TextEncoder().encode(name).length > 255) return 'long';
  return siblings.includes(name) ? 'taken' : undefined;
}
