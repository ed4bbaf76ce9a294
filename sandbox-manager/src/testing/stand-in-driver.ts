import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CloseMode, Confinement, Driver, Instance, InstanceRequest } from '../driver.ts';

const CONFINEMENT: Confinement = {
  confined: false,
  network: 'host',
  limits: 'none',
  browserSandbox: false,
  notes: ['stand-in'],
};

const PROGRAM = fileURLToPath(new URL('./stand-in-instance.mjs', import.meta.url));

/**
 * A stand-in for the process driver in tests of the manager: real processes, real sockets, real folders, but no
 * confinement and no desktop. Instances belong to the `Host`, so that a second driver on the same host adopts them.
 */
export class StandInDriver implements Driver {
  readonly kind = 'stand-in';
  readonly confinement = CONFINEMENT;
  private readonly host: StandInHost;
  private readonly listeners = new Set<(sandboxUid: string) => void>();

  constructor(host: StandInHost) {
    this.host = host;
    host.drivers.add(this);
  }

  list(): Promise<Instance[]> {
    return Promise.resolve([...this.host.instances.values()].map(({ instance }) => ({ ...instance })));
  }

  createWorkspace(name: string): Promise<void> {
    mkdirSync(this.host.workspace(name), { recursive: true });
    return Promise.resolve();
  }

  deleteWorkspace(name: string): Promise<void> {
    rmSync(this.host.workspace(name), { recursive: true, force: true });
    return Promise.resolve();
  }

  workspaceExists(name: string): Promise<boolean> {
    return Promise.resolve(existsSync(this.host.workspace(name)));
  }

  createInstance(request: InstanceRequest): Promise<Instance> {
    if (this.host.refuses) return Promise.reject(new Error(this.host.refuses));
    const taken = [...this.host.instances.values()].some(({ instance }) => instance.workspace === request.workspace);
    if (taken) return Promise.reject(new Error(`The workspace ${request.workspace} is in use.`));
    return Promise.resolve(this.host.start(request));
  }

  deleteInstance(uid: string): Promise<void> {
    return this.host.end(uid);
  }

  onChange(listener: (sandboxUid: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed(sandboxUid: string): void {
    for (const listener of this.listeners) listener(sandboxUid);
  }

  async close(mode: CloseMode): Promise<void> {
    this.host.drivers.delete(this);
    if (mode === 'stop') await this.host.endAll();
  }
}

/** What outlives a manager: processes and folders. */
export class StandInHost {
  readonly folder: string;
  readonly instances = new Map<string, { instance: Instance; child: ChildProcess; ended: Promise<void> }>();
  readonly drivers = new Set<StandInDriver>();
  /** Pids of all children that were ever started. */
  readonly pids: number[] = [];
  /** Why no instance can be made. */
  refuses = '';
  /** Instances end as soon as they start. */
  failsAtStart = false;
  /** The most instances that one workspace had at a time. */
  started = 0;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(join(folder, 'workspaces'), { recursive: true });
    mkdirSync(join(folder, 'run'), { recursive: true });
  }

  workspace(name: string): string {
    return join(this.folder, 'workspaces', name);
  }

  start({ sandbox, uid, workspace }: InstanceRequest): Instance {
    const socket = join(this.folder, 'run', `${uid.slice(0, 8)}.sock`);
    const child = spawn(process.execPath, [PROGRAM, socket, uid, this.failsAtStart ? '--fail' : ''], {
      stdio: 'ignore',
    });
    this.started += 1;
    if (child.pid !== undefined) this.pids.push(child.pid);
    const instance: Instance = {
      uid,
      sandboxUid: sandbox.uid,
      sandboxName: sandbox.name,
      workspace,
      address: `unix:${socket}`,
      state: 'Running',
      startedAt: Date.now(),
      restarts: 0,
      confinement: CONFINEMENT,
    };
    const ended = new Promise<void>((resolve) => {
      child.once('exit', (code) => {
        instance.state = 'Exited';
        instance.exit = {
          reason: 'Crashed',
          message: `It ended with ${code ?? 'a signal'}.`,
          exitCode: code ?? -1,
          at: Date.now(),
        };
        resolve();
        for (const driver of this.drivers) driver.changed(sandbox.uid);
      });
    });
    this.instances.set(uid, { instance, child, ended });
    return { ...instance };
  }

  async end(uid: string): Promise<void> {
    const entry = this.instances.get(uid);
    if (!entry) return;
    entry.child.kill('SIGKILL');
    await entry.ended;
    this.instances.delete(uid);
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.instances.keys()].map((uid) => this.end(uid)));
  }
}
