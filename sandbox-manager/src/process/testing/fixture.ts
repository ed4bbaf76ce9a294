import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { setTimeout as delay } from 'node:timers/promises';
import type { Driver, Instance } from '../../driver.ts';
import { findBrowser } from '../browsers.ts';
import type { Logger } from '../instance.ts';
import { createProcessDriver, type ProcessDriverOptions } from '../create-driver.ts';

const here = import.meta.dirname;

/** What these tests need of a machine; the names of what is missing. */
export function missingPrograms(further: string[] = []): string[] {
  const onPath = (name: string): boolean =>
    ['/usr/bin', '/usr/sbin', '/bin'].some((folder) => existsSync(path.join(folder, name)));
  const programs = ['bwrap', 'setpriv', 'unshare', 'Xtigervnc', 'openbox', ...further].filter((name) => !onPath(name));
  return [
    ...programs,
    ...(findBrowser() === undefined ? ['chromium'] : []),
    ...(process.platform === 'linux' ? [] : ['linux']),
  ];
}

export const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined };

/** An installation of its own, with a runtime whose tool-api is `inside.mjs`. */
export class Installation {
  readonly folder: string;
  readonly #drivers = new Set<Driver>();
  #count = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Installation> {
    const installation = new Installation(await mkdtemp(path.join(tmpdir(), 'sandpiper-process-')));
    await mkdir(path.join(installation.folder, 'keys'));
    await buildTestRuntime(path.join(installation.folder, 'runtime'));
    return installation;
  }

  async driver(options: Partial<ProcessDriverOptions> = {}): Promise<Driver> {
    const driver = await createProcessDriver({
      dataDir: path.join(this.folder, 'data'),
      runtimeDir: path.join(this.folder, 'runtime'),
      keysDir: path.join(this.folder, 'keys'),
      logger: silent,
      ...options,
    });
    this.#drivers.add(driver);
    return driver;
  }

  /** Starts a sandbox in a workspace of its own, or in the one named. */
  async start(
    driver: Driver,
    options: { desktop?: boolean; workspace?: string; uid?: string } = {},
  ): Promise<Instance> {
    this.#count += 1;
    const count = this.#count;
    const workspace = options.workspace ?? `workspace-${count}`;
    await driver.createWorkspace(workspace);
    return driver.createInstance({
      sandbox: { name: `sandbox-${count}`, uid: `owner-${count}`, sessionId: 'session' },
      uid: options.uid ?? crypto.randomUUID(),
      workspace,
      display: { width: 1280, height: 800 },
      desktop: options.desktop ?? false,
    });
  }

  async close(): Promise<void> {
    for (const driver of this.#drivers) await driver.close('stop');
    await rm(this.folder, { recursive: true, force: true });
  }
}

export interface Outcome {
  code: number | string;
  stdout: string;
  stderr: string;
}

/** Runs a shell command inside a sandbox, as the agent would. Waits for the sandbox to answer. */
export async function inside(instance: Instance, command: string): Promise<Outcome> {
  const socketPath = instance.address.replace('unix:', '');
  const deadline = Date.now() + 5000;
  for (;;) {
    try {
      return JSON.parse(await post(socketPath, command)) as Outcome;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'ENOENT' && code !== 'ECONNREFUSED') || Date.now() > deadline) throw error;
      await delay(10);
    }
  }
}

/** Waits for a condition, with a bound. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Timed out waiting until ${what}.`);
    await delay(10);
  }
}

async function buildTestRuntime(folder: string): Promise<void> {
  await mkdir(path.join(folder, 'bin'), { recursive: true });
  await build({
    entryPoints: [fileURLToPath(new URL('../../../../tool-api/src/init/main.ts', import.meta.url))],
    outfile: path.join(folder, 'init.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    logLevel: 'error',
  });
  await cp(path.join(here, 'inside.mjs'), path.join(folder, 'tool-api.mjs'));
  await cp(process.execPath, path.join(folder, 'bin/node'));
}

function post(socketPath: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath, method: 'POST', path: '/' }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text));
    });
    request.once('error', reject);
    request.end(body);
  });
}
