import { watch, type FSWatcher } from 'node:fs';
import { link, lstat, rename, rm } from 'node:fs/promises';
import path from 'node:path';

const NAMES = ['init.sock', 'tool.sock', 'vnc.sock'];

/**
 * Gives the sandbox' sockets names that the sandbox cannot change.
 *
 * The sandbox owns its run folder: it could replace a socket there by a symbolic link to a socket of the host (Docker's, say)
 * and have us talk to that. So every socket gets a hard link in a folder only we can write, made without following links
 * and checked afterwards; whatever the sandbox does to the original, our name keeps meaning the same socket. When a
 * component starts again with a new socket, the link is replaced in one step.
 */
export class SocketPins {
  readonly #from: string;
  readonly #to: string;
  readonly #onPinned: () => void;
  #watcher: FSWatcher | undefined;
  #running: Promise<void> = Promise.resolve();
  #queued = false;

  constructor(from: string, to: string, onPinned: () => void) {
    this.#from = from;
    this.#to = to;
    this.#onPinned = onPinned;
  }

  start(): void {
    // Unreferenced: a manager that leaves its sandboxes to the next one must be able to exit.
    this.#watcher = watch(this.#from, { persistent: false }, () => this.#enqueue());
    this.#watcher.on('error', () => undefined);
    this.#enqueue();
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #enqueue(): void {
    if (this.#queued) return;
    this.#queued = true;
    this.#running = this.#running.then(async () => {
      this.#queued = false;
      let pinned = false;
      for (const name of NAMES) pinned = (await this.#pin(name).catch(() => false)) || pinned;
      if (pinned) this.#onPinned();
    });
  }

  async #pin(name: string): Promise<boolean> {
    const source = path.join(this.#from, name);
    const target = path.join(this.#to, name);
    const seen = await lstat(source);
    if (!seen.isSocket()) return false;
    const current = await lstat(target).catch(() => undefined);
    if (current?.ino === seen.ino) return false;
    const fresh = `${target}.new`;
    await rm(fresh, { force: true });
    await link(source, fresh);
    // What was linked may not be what was looked at.
    if (!(await lstat(fresh)).isSocket()) {
      await rm(fresh, { force: true });
      return false;
    }
    await rename(fresh, target);
    return true;
  }
}
