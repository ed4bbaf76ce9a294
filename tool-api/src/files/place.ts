import { closeSync, constants, lstatSync, mkdirSync, openSync, readlinkSync, type Stats } from 'node:fs';
import path from 'node:path';
import { fileErrors, toFileError } from './errors.ts';

/** A file or folder, or the spot where one may be made, that is certain to lie below a root. */
export interface Place {
  /** Absolute path as people and agents know it, without symlinks. */
  readonly path: string;
  /** Use this in system calls: it leads through an open folder, so that no renaming on the way changes what it means. */
  readonly self: string;
  /** The folder that holds it, in the same form; `leaf` is its name there, undefined for a root. */
  readonly folder: string;
  readonly folderFd: number;
  readonly leaf: string | undefined;
}

export interface PlaceOptions {
  /** Whether a symlink at the end is followed (to read and write) or meant itself (to delete and move). */
  followLast: boolean;
  /** Make the folders on the way that are missing. */
  createParents?: boolean;
}

/** Node lacks the name; 0o10000000 on all Linux platforms that Node runs on (open(2)). */
const O_PATH = 0o10000000;
const OPEN_FOLDER = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** As the kernel's own limit (path_resolution(7)); here it also bounds races that make us look again. */
const MAX_TURNS = 40;

/**
 * Finds the place that a path means and holds it while `use` works with it.
 *
 * The walk opens one folder after the other, each through the descriptor of the one before (`/proc/self/fd/N/name` is what Node has of
 * openat(2)) and never through a symlink. Symlinks are read and walked by the same rules; `..` goes back to the descriptor that
 * we came through, never below a root. So whatever is swapped meanwhile, what we end in was reached from a root.
 *
 * @param roots  absolute paths; the first is what relative paths start from
 * @throws CodedError PATH_OUTSIDE, PATH_INVALID, FILE_NOT_FOUND, NOT_A_FOLDER, FILE_BUSY, …
 */
export async function withPlace<T>(
  roots: readonly string[],
  given: string,
  options: PlaceOptions,
  use: (place: Place) => Promise<T>,
): Promise<T> {
  const walk = new Walk(roots, given);
  try {
    return await use(walk.to(options));
  } catch (error) {
    throw toFileError(error, given);
  } finally {
    walk.close();
  }
}

/** Opened folders from a root downwards, and what is still to be walked. */
class Walk {
  readonly #roots: readonly string[];
  readonly #given: string;
  readonly #pending: string[];
  #root = '';
  #trail: { name: string; fd: number }[] = [];

  constructor(roots: readonly string[], given: string) {
    if (given.includes('\0')) throw fileErrors.PATH_INVALID({ path: JSON.stringify(given), why: 'it holds a NUL' });
    this.#roots = roots;
    this.#given = given;
    this.#pending = [];
    const fromHome = given === '~' || given.startsWith('~/') ? `.${given.slice(1)}` : given;
    this.#begin(fromHome.startsWith('/') ? fromHome : path.posix.join(roots[0] ?? '/', '.') + `/${fromHome}`);
  }

  to({ followLast, createParents = false }: PlaceOptions): Place {
    for (let turns = 0; turns <= MAX_TURNS;) {
      const name = this.#pending.shift();
      if (name === undefined) return this.#place(undefined);
      if (name === '..') {
        this.#back();
        continue;
      }
      const isLast = this.#pending.length === 0;
      const entry = this.#look(name);
      if (entry?.isSymbolicLink() && (followLast || !isLast)) {
        turns++;
        this.#follow(name);
      } else if (isLast) {
        return this.#place(name);
      } else if (entry) {
        turns += this.#enter(name) ? 0 : 1;
      } else if (createParents) {
        turns++;
        this.#make(name);
      } else {
        throw fileErrors.FILE_NOT_FOUND({ path: this.#given }, { errno: 'ENOENT' });
      }
    }
    throw fileErrors.PATH_INVALID({ path: this.#given, why: 'it goes through too many symlinks' }, { errno: 'ELOOP' });
  }

  close(): void {
    for (const { fd } of this.#trail) closeSync(fd);
    this.#trail = [];
  }

  /** Starts over at the root that holds an absolute path. */
  #begin(absolute: string): void {
    const root = this.#roots.find((candidate) => absolute === candidate || absolute.startsWith(`${candidate}/`));
    if (root === undefined) throw fileErrors.PATH_OUTSIDE({ path: this.#given });
    this.close();
    this.#root = root;
    // The root itself is the administrator's: it may be a symlink.
    this.#trail = [{ name: '', fd: openSync(root, O_PATH | constants.O_DIRECTORY) }];
    this.#pending.unshift(...segments(absolute.slice(root.length)));
  }

  get #folderFd(): number {
    const last = this.#trail.at(-1);
    if (!last) throw new Error('The walk is closed.');
    return last.fd;
  }

  #at(name: string): string {
    return `/proc/self/fd/${this.#folderFd.toString()}/${name}`;
  }

  #look(name: string): Stats | undefined {
    return lstatSync(this.#at(name), { throwIfNoEntry: false });
  }

  #back(): void {
    if (this.#trail.length === 1) throw fileErrors.PATH_OUTSIDE({ path: this.#given });
    const left = this.#trail.pop();
    if (left) closeSync(left.fd);
  }

  #follow(name: string): void {
    const target = readlinkSync(this.#at(name));
    if (target.startsWith('/')) this.#begin(target);
    else this.#pending.unshift(...segments(target));
  }

  /** False when it became a symlink meanwhile: then it is looked at again. */
  #enter(name: string): boolean {
    try {
      this.#trail.push({ name, fd: openSync(this.#at(name), OPEN_FOLDER) });
      return true;
    } catch (error) {
      if (!this.#look(name)?.isSymbolicLink()) throw error;
      this.#pending.unshift(name);
      return false;
    }
  }

  #make(name: string): void {
    try {
      mkdirSync(this.#at(name));
    } catch (error) {
      // Somebody else made it: as good.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    this.#pending.unshift(name);
  }

  #place(leaf: string | undefined): Place {
    const names = this.#trail.slice(1).map(({ name }) => name);
    return {
      path: [this.#root, ...names, ...(leaf === undefined ? [] : [leaf])].join('/'),
      self: this.#at(leaf ?? '.'),
      folder: this.#at('.'),
      folderFd: this.#folderFd,
      leaf,
    };
  }
}

function segments(relative: string): string[] {
  return relative.split('/').filter((name) => name !== '' && name !== '.');
}
