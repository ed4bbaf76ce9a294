import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Confinement } from '../driver.ts';
import type { ProcessId } from './processes.ts';

/**
 * What a manager must know of an instance that an earlier manager started, to take it over or to clean up after it. Written
 * into the instance' private folder, which the sandbox cannot reach.
 */
export interface Lease {
  uid: string;
  sandboxUid: string;
  sandboxName: string;
  workspace: string;
  startedAt: number;
  address: string;
  vncAddress?: string;
  confinement: Confinement;
  cgroup?: string;
  /** The process we started; outside of the sandbox' PID namespace. */
  launcher?: ProcessId;
  /** The first process of the PID namespace: when it ends, all end. Missing without confinement. */
  first?: ProcessId;
  /** slirp4netns, where it is the way out. */
  network?: ProcessId;
}

/** Replaces the lease in one step, so that a manager which dies meanwhile leaves the old or the new one. */
export async function writeLease(folder: string, lease: Lease): Promise<void> {
  const file = path.join(folder, 'lease.json');
  await writeFile(`${file}.new`, JSON.stringify(lease), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** @returns undefined when there is none, or not a whole one */
export async function readLease(folder: string): Promise<Lease | undefined> {
  try {
    return JSON.parse(await readFile(path.join(folder, 'lease.json'), 'utf8')) as Lease;
  } catch {
    return undefined;
  }
}
