import { constants } from 'node:fs';
import { access, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface Limits {
  memoryBytes: number;
  /** Processes and threads together. */
  pids: number;
  /** Processors, may be a fraction; undefined sets none. */
  cpus?: number | undefined;
}

type Controller = 'memory' | 'pids' | 'cpu';

/** Where cgroups of our own may be made: one folder per controller (v1), or the same one for all (v2). */
export interface CgroupBase {
  version: 1 | 2;
  folders: Partial<Record<Controller, string>>;
}

/** One sandbox' cgroup. */
export interface Cgroup {
  /** Writing a process id to each of these moves it in. */
  procsFiles: string[];
  /** How often the kernel ended something in it for want of memory. */
  oomKills(): Promise<number>;
  /** Removes it once all its processes are gone. */
  remove(): Promise<void>;
}

/**
 * Finds a cgroup below which this process may make others that limit memory and process counts, by the kernel's tables
 * (cgroups(7), "/proc/[pid]/cgroup" and "mounts").
 *
 * With v1 that is its own group of each hierarchy. With v2 it is the nearest ancestor that hands both controllers to its children and
 * is writable: a group that holds processes itself may not have limited children.
 *
 * @returns undefined where neither is delegated to us
 */
export async function findCgroupBase(selfCgroup: string, mounts: string): Promise<CgroupBase | undefined> {
  const groups = selfCgroup.split('\n').flatMap((line) => {
    const [, controllers, ...rest] = line.split(':');
    return controllers === undefined ? [] : [{ controllers: controllers.split(','), path: rest.join(':') }];
  });
  const points = mounts.split('\n').flatMap((line) => {
    const [, point, type, options] = line.split(' ');
    return point !== undefined && type?.startsWith('cgroup') === true
      ? [{ point, type, options: options?.split(',') ?? [] }]
      : [];
  });

  const folders: Partial<Record<Controller, string>> = {};
  for (const controller of ['memory', 'pids', 'cpu'] as const) {
    const mount = points.find(({ type, options }) => type === 'cgroup' && options.includes(controller));
    const group = groups.find(({ controllers }) => controllers.includes(controller));
    if (!mount || !group) continue;
    const folder = path.join(mount.point, group.path);
    if (await isWritable(folder)) folders[controller] = folder;
  }
  if (folders.memory !== undefined && folders.pids !== undefined) return { version: 1, folders };

  const mount = points.find(({ type }) => type === 'cgroup2');
  const group = groups.find(({ controllers }) => controllers[0] === '');
  if (!mount || !group) return undefined;
  for (let inner = group.path; ; inner = path.dirname(inner)) {
    const folder = path.join(mount.point, inner);
    const handedDown = await readFile(path.join(folder, 'cgroup.subtree_control'), 'utf8').catch(() => '');
    const has = handedDown.trim().split(' ');
    if (has.includes('memory') && has.includes('pids') && (await isWritable(folder))) {
      return { version: 2, folders: { memory: folder, pids: folder, ...(has.includes('cpu') ? { cpu: folder } : {}) } };
    }
    if (inner === '/' || inner === '.') return undefined;
  }
}

/** Makes a cgroup with these limits; none of its files is visible in the sandbox. */
export async function createCgroup(base: CgroupBase, name: string, limits: Limits): Promise<Cgroup> {
  const folders = openCgroup(base, name);
  await Promise.all(folders.all.map((folder) => mkdir(folder, { recursive: true })));
  const { memory, pids, cpu } = folders;
  const write = (folder: string | undefined, file: string, value: string): Promise<void> =>
    folder === undefined ? Promise.resolve() : writeFile(path.join(folder, file), value);
  const period = 100_000;
  const quota = limits.cpus === undefined ? undefined : Math.max(1000, Math.round(limits.cpus * period)).toString();
  if (base.version === 1) {
    await write(memory, 'memory.limit_in_bytes', limits.memoryBytes.toString());
    await write(pids, 'pids.max', limits.pids.toString());
    if (quota !== undefined) await write(cpu, 'cpu.cfs_quota_us', quota);
  } else {
    await write(memory, 'memory.max', limits.memoryBytes.toString());
    // Swap would let it take as much again; kernels without swap accounting have no such file.
    await write(memory, 'memory.swap.max', '0').catch(() => undefined);
    await write(pids, 'pids.max', limits.pids.toString());
    if (quota !== undefined) await write(cpu, 'cpu.max', `${quota} ${period.toString()}`);
  }
  return cgroupAt(base, name);
}

/** The cgroup of that name, made earlier. */
export function cgroupAt(base: CgroupBase, name: string): Cgroup {
  const folders = openCgroup(base, name);
  const events = base.version === 1 ? 'memory.oom_control' : 'memory.events';
  return {
    procsFiles: folders.all.map((folder) => path.join(folder, 'cgroup.procs')),
    oomKills: async () => {
      const text = await readFile(path.join(folders.memory ?? '', events), 'utf8').catch(() => '');
      return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
    },
    remove: async () => {
      for (const folder of folders.all) await removeFolder(folder);
    },
  };
}

/** A group stays busy for a moment after its last process is gone. */
async function removeFolder(folder: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await rmdir(folder);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || attempt >= 100) throw error;
      await delay(10);
    }
  }
}

function openCgroup(base: CgroupBase, name: string): Partial<Record<Controller, string>> & { all: string[] } {
  const entries = Object.entries(base.folders).map(
    ([controller, folder]) => [controller, path.join(folder, name)] as const,
  );
  return { ...Object.fromEntries(entries), all: [...new Set(entries.map(([, folder]) => folder))] };
}

async function isWritable(folder: string): Promise<boolean> {
  return access(path.join(folder, 'cgroup.procs'), constants.W_OK)
    .then(() => access(folder, constants.W_OK))
    .then(
      () => true,
      () => false,
    );
}
