import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import type { CloseMode, Confinement, Driver, Instance, InstanceRequest } from '../driver.ts';
import { foldersOf } from './browsers.ts';
import { ProcessDriverError } from './errors.ts';
import { identityFiles, type Places } from './filesystem.ts';
import { ProcessInstance, type InstanceContext, type Logger } from './instance.ts';
import { launchCommand, type LaunchSettings } from './launch.ts';
import { readLease, type Lease } from './lease.ts';
import { cgroupAt, createCgroup, type CgroupBase } from './limits.ts';
import { identify } from './processes.ts';
import { createRunFolder, listRunFolders, removeRunFolder, removeRunRoot } from './run-folder.ts';
import type { Workspaces } from './workspaces.ts';

/** What `createProcessDriver` found out about this machine and was told about this installation. */
export interface DriverParts {
  id: string;
  runRoot: string;
  runtimeDir: string;
  keysDir: string;
  settings: LaunchSettings;
  confinement: Confinement;
  cgroups: CgroupBase | undefined;
  workspaces: Workspaces;
  logger: Logger;
}

/** The driver itself: which instances there are, and who uses which workspace. */
export class ProcessDriver implements Driver {
  readonly kind = 'process';
  readonly confinement: Confinement;
  readonly #parts: DriverParts;
  readonly #instances = new Map<string, ProcessInstance>();
  /** Workspaces from the moment an instance is asked for until nothing of it is left. */
  readonly #inUse = new Map<string, string>();
  readonly #deletions = new Map<string, Promise<void>>();
  readonly #listeners = new Set<(sandboxUid: string) => void>();

  constructor(parts: DriverParts) {
    this.#parts = parts;
    this.confinement = parts.confinement;
  }

  /** Adopts what lives, removes what is left of the rest. */
  async recover(): Promise<void> {
    const { runRoot, logger } = this.#parts;
    for (const uid of await listRunFolders(runRoot)) {
      const folder = path.join(runRoot, uid);
      const lease = await readLease(folder);
      if (!lease) {
        await this.#sweepUnleased(folder);
        continue;
      }
      const instance = this.#attach(lease);
      this.#inUse.set(lease.workspace, uid);
      if (instance.isAlive()) {
        instance.adopt();
        logger.info({ sandbox: lease.sandboxName, instance: uid }, 'took over a running sandbox');
      } else {
        await this.deleteInstance(uid, { graceMs: 0 });
        logger.info(
          { sandbox: lease.sandboxName, instance: uid },
          'cleaned up after a sandbox that ended without its manager',
        );
      }
    }
  }

  list(): Promise<Instance[]> {
    return Promise.resolve([...this.#instances.values()].map((instance) => instance.describe()));
  }

  createWorkspace(name: string): Promise<void> {
    return this.#parts.workspaces.create(name);
  }

  async deleteWorkspace(name: string): Promise<void> {
    if (this.#inUse.has(name)) throw new ProcessDriverError('WORKSPACE_IN_USE', `Workspace '${name}' is in use.`);
    await this.#parts.workspaces.delete(name);
  }

  workspaceExists(name: string): Promise<boolean> {
    return this.#parts.workspaces.exists(name);
  }

  async createInstance(request: InstanceRequest): Promise<Instance> {
    const { uid, workspace } = request;
    if (!/^[A-Za-z0-9-]{1,64}$/.test(uid))
      throw new ProcessDriverError('START_FAILED', `'${uid}' is not an instance's uid.`);
    const existing = this.#instances.get(uid);
    if (existing && !this.#deletions.has(uid)) return existing.describe();
    const holder = this.#inUse.get(workspace);
    if (holder !== undefined)
      throw new ProcessDriverError('WORKSPACE_IN_USE', `Workspace '${workspace}' is in use by instance ${holder}.`);
    this.#inUse.set(workspace, uid);
    const folder = path.join(this.#parts.runRoot, uid);
    try {
      return await this.#start(request, folder);
    } catch (error) {
      if (this.#instances.has(uid)) await this.deleteInstance(uid, { graceMs: 0 });
      else await removeRunFolder(folder);
      this.#inUse.delete(workspace);
      throw error;
    }
  }

  deleteInstance(uid: string, { graceMs }: { graceMs: number }): Promise<void> {
    const running = this.#deletions.get(uid);
    if (running) return running;
    const instance = this.#instances.get(uid);
    if (!instance) return Promise.resolve();
    const deletion = this.#delete(instance, graceMs).finally(() => this.#deletions.delete(uid));
    this.#deletions.set(uid, deletion);
    return deletion;
  }

  onChange(listener: (sandboxUid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(mode: CloseMode): Promise<void> {
    this.#listeners.clear();
    if (mode === 'leave') {
      for (const instance of this.#instances.values()) instance.close();
      return;
    }
    await Promise.all([...this.#instances.keys()].map((uid) => this.deleteInstance(uid, { graceMs: 3000 })));
    await this.#parts.settings.network.close();
    await removeRunRoot(this.#parts.runRoot);
  }

  async #start(request: InstanceRequest, folder: string): Promise<Instance> {
    const { workspaces, settings, runtimeDir, keysDir, confinement, cgroups } = this.#parts;
    const startedAt = Date.now();
    const { home, state, machineId, uid } = await workspaces.open(request.workspace);
    await createRunFolder(folder, identityFiles(settings.network.resolvConf, machineId), uid);
    const cgroup = cgroups && (await createCgroup(cgroups, this.#cgroupName(request.uid), settings.limits));

    const sockets = path.join(folder, 'sockets');
    const instance = this.#attach({
      uid: request.uid,
      sandboxUid: request.sandbox.uid,
      sandboxName: request.sandbox.name,
      workspace: request.workspace,
      startedAt,
      address: `unix:${sockets}/tool.sock`,
      ...(request.desktop ? { vncAddress: `unix:${sockets}/vnc.sock` } : {}),
      confinement,
    });
    const run = path.join(folder, 'run');
    const places: Places = {
      ...{ home, state, run, runtime: runtimeDir, keys: keysDir },
      etc: path.join(folder, 'etc'),
      extra: foldersOf(settings.browser),
    };
    const cdpPort = settings.confined ? 9222 : await freePort();
    const command = launchCommand(settings, {
      request,
      folder,
      places,
      uid,
      cdpPort,
      cgroupFiles: cgroup?.procsFiles ?? [],
    });
    await instance.launch(command, settings.network);
    this.#parts.logger.debug({ instance: request.uid, launchMs: Date.now() - startedAt }, 'sandbox launched');
    return instance.describe();
  }

  #attach(lease: Lease): ProcessInstance {
    const { runRoot, cgroups, settings, logger } = this.#parts;
    const context: InstanceContext = {
      folder: path.join(runRoot, lease.uid),
      cgroup: cgroups && cgroupAt(cgroups, this.#cgroupName(lease.uid)),
      heartbeatMs: Math.min(5000, Math.max(20, settings.heartbeatLossMs / 4)),
      logger,
      onChange: () => this.#listeners.forEach((listener) => listener(lease.sandboxUid)),
    };
    const instance = new ProcessInstance(lease, context);
    this.#instances.set(lease.uid, instance);
    return instance;
  }

  async #delete(instance: ProcessInstance, graceMs: number): Promise<void> {
    const { uid, sandboxUid, workspace } = instance.lease;
    await instance.end(graceMs);
    instance.close();
    const { cgroups, runRoot } = this.#parts;
    if (cgroups) await cgroupAt(cgroups, this.#cgroupName(uid)).remove();
    await removeRunFolder(path.join(runRoot, uid));
    this.#instances.delete(uid);
    if (this.#inUse.get(workspace) === uid) this.#inUse.delete(workspace);
    this.#listeners.forEach((listener) => listener(sandboxUid));
  }

  /** A manager that died before it wrote the first lease left at most a process id that its launcher wrote. */
  async #sweepUnleased(folder: string): Promise<void> {
    const pid = Number(await readFile(path.join(folder, 'launcher.pid'), 'utf8').catch(() => 'NaN'));
    const launcher = Number.isSafeInteger(pid) && pid > 1 ? identify(pid) : undefined;
    // Without a start time the number alone proves nothing: only what also names our folder is ours.
    const command = launcher ? await readFile(`/proc/${pid.toString()}/cmdline`, 'utf8').catch(() => '') : '';
    if (launcher && command.includes(folder)) {
      const orphan = this.#attach({
        ...{ uid: path.basename(folder), sandboxUid: '', sandboxName: '', workspace: '', startedAt: 0, address: '' },
        ...{ confinement: this.#parts.confinement, launcher },
      });
      await orphan.end(0);
      orphan.close();
      this.#instances.delete(path.basename(folder));
    }
    const { cgroups } = this.#parts;
    if (cgroups) await cgroupAt(cgroups, this.#cgroupName(path.basename(folder))).remove();
    await removeRunFolder(folder);
  }

  #cgroupName(uid: string): string {
    return `sandpiper-${this.#parts.id}-${uid}`;
  }
}

/** A port of the loopback that is free now: without an own network, the browser shares the host's. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 9222;
}
