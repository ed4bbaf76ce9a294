import { spawn, type ChildProcess } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { Instance } from '../driver.ts';
import { ProcessDriverError } from './errors.ts';
import { Heartbeat, type ComponentStates } from './heartbeat.ts';
import type { LaunchCommand } from './launch.ts';
import { writeLease, type Lease } from './lease.ts';
import type { Cgroup } from './limits.ts';
import type { Network } from './network/network.ts';
import { descendantsOf, identify, isAlive, signal, whenGone, type ProcessId } from './processes.ts';
import { SocketPins } from './sockets.ts';

/** What init exits with when its manager was gone for too long. */
const HEARTBEAT_LOST = 75;
const KEPT_OUTPUT = 4096;

/** The part of a pino logger that is used here. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface InstanceContext {
  folder: string;
  cgroup: Cgroup | undefined;
  heartbeatMs: number;
  logger: Logger;
  onChange: () => void;
}

/** One sandbox' processes, started by this manager or taken over from an earlier one. */
export class ProcessInstance {
  readonly lease: Lease;
  readonly #context: InstanceContext;
  readonly #pins: SocketPins;
  readonly #heartbeat: Heartbeat;
  #child: ChildProcess | undefined;
  #stderr = '';
  #poll: NodeJS.Timeout | undefined;
  #exit: Instance['exit'];
  #components: ComponentStates = {};
  #answered = false;

  constructor(lease: Lease, context: InstanceContext) {
    this.lease = lease;
    this.#context = context;
    this.#heartbeat = new Heartbeat({
      path: `${context.folder}/sockets/init.sock`,
      intervalMs: context.heartbeatMs,
      onStatus: (components) => this.#onStatus(components),
    });
    this.#pins = new SocketPins(`${context.folder}/run`, `${context.folder}/sockets`, () => {
      this.#heartbeat.connect();
      context.onChange();
    });
  }

  /**
   * Starts the processes; resolves when the namespaces exist and init is about to run.
   *
   * @throws ProcessDriverError START_FAILED, with what the launcher said
   */
  async launch({ command, args, environment }: LaunchCommand, network: Network): Promise<void> {
    const child = spawn(command, args, {
      env: environment,
      cwd: '/',
      // A group of its own: Ctrl-C in the person's terminal goes to the manager alone, which then ends sandboxes in order.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', network.attach ? 'pipe' : 'ignore'],
    });
    this.#child = child;
    child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (this.#stderr = (this.#stderr + text).slice(-KEPT_OUTPUT)));
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
    child.once('error', (error) => (this.#stderr += error.message));
    child.once('exit', (code, signalName) => {
      if (signalName) this.#stderr += ` (${signalName})`;
      void this.#ended(code ?? undefined);
    });
    this.#pins.start();

    const launcher = child.pid === undefined ? undefined : identify(child.pid);
    if (launcher) this.lease.launcher = launcher;
    await writeLease(this.#context.folder, this.lease);
    try {
      if (network.attach && launcher)
        await this.#attach(network.attach, launcher.pid, child.stdio[4] as Socket, exited);
      const first = this.lease.confinement.confined ? await Promise.race([readFirst(child), exited]) : launcher;
      if (!first)
        throw new ProcessDriverError(
          'START_FAILED',
          `The sandbox did not start: ${this.#stderr.trim() || 'no reason given'}`,
        );
      if (this.lease.confinement.confined) this.lease.first = first;
      await writeLease(this.#context.folder, this.lease);
    } catch (error) {
      child.kill('SIGKILL');
      await exited;
      throw error;
    }
    child.unref();
    for (const stream of child.stdio) if (stream && 'unref' in stream) (stream as unknown as { unref(): void }).unref();
  }

  /** Takes over processes that run already. */
  adopt(): void {
    this.#answered = true;
    this.#pins.start();
    this.#heartbeat.connect();
    this.#poll = setInterval(() => {
      if (!this.isAlive()) void this.#ended(undefined);
    }, 500).unref();
  }

  /** Whether init lives: the launcher ends with it, while the namespace may hold orphans for longer. */
  isAlive(): boolean {
    const { first, launcher, confinement } = this.lease;
    const contained = confinement.confined ? first !== undefined && isAlive(first) : true;
    return contained && launcher !== undefined && isAlive(launcher);
  }

  describe(): Instance {
    const { uid, sandboxUid, sandboxName, workspace, address, vncAddress, startedAt, confinement } = this.lease;
    return {
      ...{ uid, sandboxUid, sandboxName, workspace, address, startedAt, confinement },
      ...(vncAddress === undefined ? {} : { vncAddress }),
      state: this.#exit ? 'Exited' : 'Running',
      restarts: this.#components['toolApi']?.restarts ?? 0,
      ...(this.#exit ? { exit: this.#exit } : {}),
    };
  }

  /** Asks first, then kills; resolves when no process of it lives. */
  async end(graceMs: number): Promise<void> {
    const living = (): ProcessId[] => {
      const { first, launcher, network } = this.lease;
      return [...(launcher ? descendantsOf(launcher.pid) : []), first, launcher, network].filter(
        (id) => id !== undefined,
      );
    };
    // Listed before anything ends: a process whose parent has ended is no longer found as a descendant.
    const known = living();
    if (graceMs > 0 && this.isAlive() && this.#heartbeat.stop(graceMs)) await whenGone(known, graceMs + 500);
    this.#heartbeat.close();
    const all = [...known, ...living()];
    for (const id of all) signal(id, 'SIGKILL');
    if (!this.lease.confinement.confined) await killMarked(this.lease.uid);
    if (!(await whenGone(all, 10_000))) throw new Error(`Processes of sandbox ${this.lease.sandboxName} do not end.`);
  }

  /** Lets go of it, without ending it. */
  close(): void {
    clearInterval(this.#poll);
    this.#pins.close();
    this.#heartbeat.close();
    for (const stream of this.#child?.stdio ?? []) stream?.destroy();
  }

  async #attach(
    attach: NonNullable<Network['attach']>,
    pid: number,
    pipe: Socket,
    exited: Promise<void>,
  ): Promise<void> {
    const made = new Promise<true>((resolve) => pipe.once('data', () => resolve(true)));
    const network = (await Promise.race([made, exited])) && (await Promise.race([attach(pid, pipe.pause()), exited]));
    if (!network) throw new ProcessDriverError('START_FAILED', `The sandbox did not start: ${this.#stderr.trim()}`);
    this.lease.network = network;
    await new Promise<void>((resolve) => pipe.write('\n', () => resolve()));
    pipe.destroy();
  }

  #onStatus(components: ComponentStates): void {
    const before = this.#components;
    this.#answered = true;
    this.#components = components;
    for (const [name, { state, restarts, lastExit }] of Object.entries(components)) {
      if (before[name]?.state === state && before[name].restarts === restarts) continue;
      const fields = { sandbox: this.lease.sandboxName, instance: this.lease.uid, component: name, state, restarts };
      if (state === 'restarting') this.#context.logger.warn({ ...fields, lastExit }, 'component of a sandbox exited');
      else this.#context.logger.debug(fields, 'component of a sandbox changed');
    }
    this.#context.onChange();
  }

  async #ended(exitCode: number | undefined): Promise<void> {
    if (this.#exit) return;
    clearInterval(this.#poll);
    this.#heartbeat.close();
    // What init left behind when it was killed: nobody would watch over it.
    if (this.lease.first) signal(this.lease.first, 'SIGKILL');
    this.#exit = {
      ...explain(exitCode, this.#answered, this.#stderr.trim()),
      ...(exitCode === undefined ? {} : { exitCode }),
      at: Date.now(),
    };
    const kills = (await this.#context.cgroup?.oomKills()) ?? 0;
    if (kills > 0 && exitCode !== 0 && exitCode !== HEARTBEAT_LOST) {
      this.#exit = { ...this.#exit, reason: 'OutOfMemory', message: 'The sandbox took more memory than it may have.' };
    }
    this.#context.logger.info(
      { sandbox: this.lease.sandboxName, instance: this.lease.uid, exit: this.#exit },
      'sandbox ended',
    );
    this.#context.onChange();
  }
}

function explain(exitCode: number | undefined, answered: boolean, stderr: string): { reason: string; message: string } {
  if (exitCode === HEARTBEAT_LOST)
    return { reason: 'HeartbeatLost', message: 'The sandbox ended because its manager was gone.' };
  if (exitCode === 0) return { reason: 'Stopped', message: 'The sandbox ended as it was asked to.' };
  if (!answered) return { reason: 'StartFailed', message: `The sandbox did not start: ${stderr || 'no reason given'}` };
  return { reason: 'Crashed', message: `The sandbox ended unexpectedly. ${stderr}`.trim() };
}

/** Reads bubblewrap's own account of what it started: `{"child-pid": n, …}`. */
async function readFirst(child: ChildProcess): Promise<ProcessId | undefined> {
  const pipe = child.stdio[3];
  if (!pipe || !('setEncoding' in pipe)) return undefined;
  pipe.setEncoding('utf8');
  let text = '';
  for await (const chunk of pipe) {
    text += String(chunk);
    // It writes in pieces, and a closed pipe would kill it: what it says is read to the end of the object.
    if (text.includes('}')) break;
  }
  const pid = /"child-pid"\s*:\s*(\d+)/.exec(text)?.[1];
  return pid === undefined ? undefined : identify(Number(pid));
}

/** Without a PID namespace, processes of a sandbox are known by the environment they inherited. */
async function killMarked(uid: string): Promise<void> {
  const mark = `SANDPIPER_UID=${uid}`;
  for (let round = 0; round < 20; round += 1) {
    const found: ProcessId[] = [];
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
      if (!environment.split('\0').includes(mark)) continue;
      const id = identify(Number(name));
      if (id) found.push(id);
    }
    if (found.length === 0) return;
    for (const id of found) signal(id, 'SIGKILL');
    await whenGone(found, 2000);
  }
}
