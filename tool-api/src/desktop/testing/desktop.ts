import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDisplay, xauthorityEntry } from '../x11.ts';

export interface DesktopOptions {
  width?: number;
  height?: number;
  /** False: X and the window manager only. */
  browser?: boolean;
  /** Started as root, everything runs as this uid instead, because Chromium's sandbox refuses root. */
  uid?: number;
  /** What the processes say goes to this process' stderr. */
  verbose?: boolean;
}

/** A desktop of its own: real Xtigervnc, openbox and Chromium, as an unprivileged user, in a directory that goes with it. */
export interface Desktop {
  /** `:7` */
  readonly display: string;
  readonly xauthorityFile: string;
  readonly vncSocket: string;
  /** 0 without a browser. */
  readonly cdpPort: number;
  /** HOME of the desktop, writable for its user. */
  readonly workspace: string;
  readonly directory: string;
  /** For programs that are to run on this desktop. */
  readonly environment: Record<string, string>;
  /** Starts a program on this desktop as its user; it is ended with the desktop. */
  start(command: string, args: readonly string[]): ChildProcess;
  /** Ends the browser and starts it again, with the same profile and port. */
  restartBrowser(): Promise<void>;
  /** Ends every process it started and removes the directory. */
  close(): Promise<void>;
}

/** Starts a desktop; it is ready for input when this returns. Throws with what the failing program said. */
export async function startDesktop(options: DesktopOptions = {}): Promise<Desktop> {
  const { width = 1280, height = 800, browser = true, verbose = false } = options;
  const uid = process.getuid?.() === 0 ? (options.uid ?? 61_000 + (process.pid % 1000)) : undefined;
  const directory = await mkdtemp(path.join(tmpdir(), 'sandpiper-desktop-'));
  const workspace = path.join(directory, 'home');
  const run = path.join(directory, 'run');
  const profile = path.join(directory, 'profile');
  for (const folder of [directory, workspace, run, profile, path.join(workspace, 'Downloads')]) {
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o700);
    if (uid !== undefined) await chown(folder, uid, uid);
  }
  const xauthorityFile = path.join(run, 'Xauthority');
  await writeFile(xauthorityFile, xauthorityEntry(randomBytes(16)), { mode: 0o600 });
  if (uid !== undefined) await chown(xauthorityFile, uid, uid);

  const processes = new Processes(uid, workspace, verbose);
  const close = async (): Promise<void> => {
    await processes.close();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const vncSocket = path.join(run, 'vnc.sock');
    const environment: Record<string, string> = {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LANG: 'C.UTF-8',
      HOME: workspace,
      XAUTHORITY: xauthorityFile,
      XDG_RUNTIME_DIR: run,
      XDG_CONFIG_HOME: path.join(workspace, '.config'),
      XDG_CACHE_HOME: path.join(workspace, '.cache'),
      TMPDIR: run,
    };
    const display = await startX(processes, environment, { width, height, vncSocket });
    environment['DISPLAY'] = display;
    processes.start('openbox', ['--sm-disable'], environment);
    await until('a window manager', () => hasWindowManager(display, xauthorityFile));
    let cdpPort = browser ? await startBrowser(processes, environment, profile, 0) : 0;
    return {
      display,
      xauthorityFile,
      vncSocket,
      get cdpPort() {
        return cdpPort;
      },
      workspace,
      directory,
      environment,
      start: (command, args) => processes.start(command, args, environment).child,
      restartBrowser: async () => {
        await processes.stop('chromium');
        cdpPort = await startBrowser(processes, environment, profile, cdpPort);
      },
      close,
    };
  } catch (error) {
    const said = processes.said();
    await close();
    throw new Error(`The desktop did not start.\n${said}`, { cause: error });
  }
}

async function startX(
  processes: Processes,
  environment: Record<string, string>,
  { width, height, vncSocket }: { width: number; height: number; vncSocket: string },
): Promise<string> {
  const xauthority = environment['XAUTHORITY'] ?? '';
  const geometry = `${width}x${height}`;
  const { child } = processes.start(
    'Xtigervnc',
    // prettier-ignore
    ['-displayfd', '3', '-auth', xauthority, '-geometry', geometry, '-depth', '24', '-nolisten', 'tcp', '-nolisten', 'local',
      '-rfbport', '-1', '-rfbunixpath', vncSocket, '-rfbunixmode', '0600', '-SecurityTypes', 'None', '-AlwaysShared'],
    environment,
    ['ignore', 'pipe', 'pipe', 'pipe'],
  );
  let number = '';
  child.stdio[3]?.on('data', (chunk: Buffer) => {
    number += chunk.toString();
  });
  await until('an X server', () => {
    if (child.exitCode !== null) throw new Error(`Xtigervnc ended with ${child.exitCode}.`);
    return Promise.resolve(number.endsWith('\n'));
  });
  return `:${number.trim()}`;
}

async function hasWindowManager(display: string, xauthorityFile: string): Promise<boolean> {
  const x = await openDisplay(display, xauthorityFile);
  try {
    return (await x.property(x.root, '_NET_SUPPORTING_WM_CHECK')) !== undefined;
  } finally {
    x.close();
  }
}

async function startBrowser(
  processes: Processes,
  environment: Record<string, string>,
  profile: string,
  port: number,
): Promise<number> {
  const portFile = path.join(profile, 'DevToolsActivePort');
  await rm(portFile, { force: true });
  processes.start(
    'chromium',
    // prettier-ignore
    [`--user-data-dir=${profile}`, `--remote-debugging-port=${port}`, '--no-first-run', '--no-default-browser-check',
      '--password-store=basic', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--disable-gpu', '--disable-session-crashed-bubble', '--hide-crash-restore-bubble', '--window-position=0,0',
      '--start-maximized', '--disable-back-forward-cache', 'about:blank'],
    environment,
  );
  let found = 0;
  await until('a browser', async () => {
    // Chromium writes the file only when it chose the port itself.
    found = port === 0 ? Number.parseInt(await readFile(portFile, 'utf8').catch(() => ''), 10) : port;
    return found > 0 && (await fetch(`http://127.0.0.1:${found}/json/version`)).ok;
  });
  return found;
}

/** Waits for a condition by asking again; the last refusal is the error's cause. */
export async function until(what: string, isSo: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  while (performance.now() < deadline) {
    try {
      if (await isSo()) return;
    } catch (error) {
      cause = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Waited ${timeoutMs} ms for ${what}.`, { cause });
}

/** The children of one desktop, each in a process group of its own, so that their children end with them. */
class Processes {
  readonly #uid: number | undefined;
  readonly #directory: string;
  readonly #verbose: boolean;
  readonly #children: { name: string; child: ChildProcess; output: string }[] = [];

  constructor(uid: number | undefined, directory: string, verbose: boolean) {
    this.#uid = uid;
    this.#directory = directory;
    this.#verbose = verbose;
  }

  start(
    command: string,
    args: readonly string[],
    environment: Record<string, string>,
    stdio: StdioOptions = ['ignore', 'pipe', 'pipe'],
  ): { child: ChildProcess } {
    const asUser =
      this.#uid === undefined
        ? []
        : ['setpriv', `--reuid=${this.#uid}`, `--regid=${this.#uid}`, '--clear-groups', '--'];
    const [file = command, ...rest] = [...asUser, command, ...args];
    const child = spawn(file, rest, { cwd: this.#directory, env: environment, stdio, detached: true });
    const entry = { name: command, child, output: '' };
    this.#children.push(entry);
    const keep = (chunk: Buffer): void => {
      entry.output = (entry.output + chunk.toString()).slice(-4000);
      if (this.#verbose) process.stderr.write(chunk);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.on('error', (error) => keep(Buffer.from(`${error.message}\n`)));
    return { child };
  }

  said(): string {
    return this.#children.map(({ name, output }) => `--- ${name}\n${output}`).join('\n');
  }

  async stop(name: string): Promise<void> {
    await Promise.all(this.#children.filter((entry) => entry.name === name).map(({ child }) => end(child)));
  }

  async close(): Promise<void> {
    // Last started, first ended: what draws goes before what it draws on.
    for (const { child } of this.#children.toReversed()) await end(child);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  const force = setTimeout(() => signalGroup(child, 'SIGKILL'), 3000);
  signalGroup(child, 'SIGTERM');
  await ended;
  clearTimeout(force);
  // Helpers of the browser may outlive it for a moment.
  signalGroup(child, 'SIGKILL');
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
}
