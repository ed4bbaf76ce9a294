import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startLeashed } from '../leash/leash.ts';
import type { Leashed } from '../leash/leash.ts';
import type { Authority } from './certificates/authority.ts';
import { apiServerArguments, controllerManagerArguments, etcdArguments, schedulerArguments } from './arguments.ts';
import type { Layout } from './arguments.ts';
import { connectControlPlane, defaultServiceAccount } from './connect.ts';
import type { ConnectedControlPlane, ControlPlane, ControlPlaneAddress } from './control-plane.ts';
import { joinExisting } from './existing.ts';
import type { Binaries, ControlPlaneSource } from './find.ts';
import { kubeConfigText } from './kubeconfig.ts';
import { writePki } from './pki.ts';
import { untilApiServerReady, untilEtcdReady } from './readiness.ts';

export type OptionalComponent = 'kube-controller-manager' | 'kube-scheduler';

export interface StartControlPlaneOptions {
  /** What `findControlPlane` found. */
  source: ControlPlaneSource;
  /** Besides etcd and kube-apiserver. Both, if nothing is said and they are to be had. */
  components?: readonly OptionalComponent[];
  /** Kept, and gone on with by the next start. Without one, nothing is left. */
  dataDir?: string;
  /** Of the API server on loopback; a free one if nothing is said. */
  port?: number;
  /** Repeat or overrule ours: `--feature-gates=…` */
  extraApiServerFlags?: readonly string[];
  /** `--node-monitor-grace-period=5s`, for tests of lost nodes. */
  extraControllerManagerFlags?: readonly string[];
  /** Hears one line for each step. */
  log?: (line: string) => void;
}

/**
 * Starts a control plane on loopback, and resolves when it serves. All processes of it die with this one, however it dies.
 *
 * @throws an Error that says what to do when there is none to be had, or with the end of the log of what did not start
 */
export async function startControlPlane(options: StartControlPlaneOptions): Promise<ControlPlane> {
  const { source } = options;
  if (source.kind === 'none') throw new Error(source.reason);
  if (source.kind === 'existing') return await joinExisting(source);
  return await startOwn(source.binaries, options);
}

async function startOwn(binaries: Binaries, options: StartControlPlaneOptions): Promise<ControlPlane> {
  const log = options.log ?? ((): void => undefined);
  const wanted = componentsOf(binaries, options.components);
  const hasControllerManager = wanted.includes('kube-controller-manager');
  const runFolder = await mkdtemp(path.join(tmpdir(), 'sandpiper-control-plane-'));
  const layout: Layout = {
    runFolder,
    dataFolder: options.dataDir === undefined ? path.join(runFolder, 'data') : path.resolve(options.dataDir),
    port: options.port ?? (await freePort()),
    durable: options.dataDir !== undefined,
  };
  const running = new Map<string, Leashed>();
  const start = (name: keyof Binaries, args: readonly string[], removeOnCrash?: string): Leashed => {
    const component = startLeashed({
      name,
      command: binaries[name] ?? name,
      args,
      // Proxies and a foreign KUBECONFIG are none of their business.
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      logFile: path.join(runFolder, `${name}.log`),
      ...(removeOnCrash === undefined ? {} : { removeOnCrash }),
    });
    running.set(name, component);
    return component;
  };
  const startApiServer = async (authority: Authority): Promise<void> => {
    const args = [...apiServerArguments(layout, { hasControllerManager }), ...(options.extraApiServerFlags ?? [])];
    await untilApiServerReady(start('kube-apiserver', args), layout.port, authority);
  };
  let connected: ConnectedControlPlane | undefined;
  const close = async (): Promise<void> => {
    await connected?.close();
    // What is thrown away need not be put in order first; what is kept must be, from the clients down to the store.
    const signal = layout.durable ? 'SIGTERM' : 'SIGKILL';
    for (const names of [wanted, ['kube-apiserver'], ['etcd']]) {
      await Promise.all(names.map(async (name) => running.get(name)?.stop(signal)));
    }
    await rm(runFolder, { recursive: true, force: true });
  };

  try {
    const authority = await writePki(layout);
    await untilEtcdReady(start('etcd', etcdArguments(layout), runFolder), layout);
    log('etcd serves');
    await startApiServer(authority);
    log(`kube-apiserver serves on https://127.0.0.1:${layout.port}`);

    const server = `https://127.0.0.1:${layout.port}`;
    const writeKubeConfig = async (folder: string, name: string, user: string, groups: string[]): Promise<string> => {
      const file = path.join(folder, name);
      const credentials = authority.issueClient({ commonName: user, organizations: groups });
      await writeFile(file, kubeConfigText({ server, authority: authority.certificate, credentials }), { mode: 0o600 });
      return file;
    };
    const kubeconfigPath = await writeKubeConfig(layout.dataFolder, 'kubeconfig', 'admin', ['system:masters']);
    for (const name of wanted) {
      const own = await writeKubeConfig(runFolder, `${name}.kubeconfig`, `system:${name}`, []);
      if (name === 'kube-scheduler') start(name, schedulerArguments(own));
      else start(name, [...controllerManagerArguments(layout, own), ...(options.extraControllerManagerFlags ?? [])]);
    }
    const address: ControlPlaneAddress = {
      kubeconfigPath,
      kubectl: binaries.kubectl,
      folder: runFolder,
      authority: { key: authority.key, certificate: authority.certificate },
      hasControllerManager,
    };
    connected = connectControlPlane(address);
    if (hasControllerManager) {
      await defaultServiceAccount(connected.client, 'default');
      log('kube-controller-manager works');
    }
    return {
      ...connected,
      address,
      get pids() {
        const alive = [...running].filter(([, component]) => component.isAlive());
        return Object.fromEntries(alive.map(([name, { pid }]) => [name, pid]));
      },
      stopApiServer: async (signal = 'SIGTERM') => running.get('kube-apiserver')?.stop(signal),
      startApiServer: () => startApiServer(authority),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const optional: readonly OptionalComponent[] = ['kube-controller-manager', 'kube-scheduler'];

function componentsOf(binaries: Binaries, asked: readonly OptionalComponent[] | undefined): OptionalComponent[] {
  const missing = (asked ?? []).filter((name) => binaries[name] === undefined);
  if (missing.length > 0) throw new Error(`There is no ${missing.join(' and no ')} beside ${binaries.etcd}.`);
  return optional.filter((name) => (asked === undefined ? binaries[name] !== undefined : asked.includes(name)));
}

/** The port may be taken by somebody else before it is used; the log then says so. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No free port on loopback.');
  return address.port;
}
