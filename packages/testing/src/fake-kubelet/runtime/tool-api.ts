import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { core, type Container, type KubeClient, type Pod, type Probe } from '@sandpiper/kube';
import { environmentOf } from './environment.ts';
import { CannotStart, type ContainerExit, type PodSandbox, type RunningContainer, type Runtime } from './runtime.ts';
import { containerId, scriptedContainer } from './scripted.ts';

const TOOL_API = fileURLToPath(new URL('../../../../../tool-api/src/main.ts', import.meta.url));

/**
 * Runs a real tool-api behind each pod, as a plain process of this machine at the pod's address, a loopback one: what a
 * sandbox answers is real, what confines it is not there. Images are ignored. Volumes are folders; where the environment
 * names a mount path or something below it, it gets the folder instead. Folders of claims outlive pods.
 */
export async function toolApiRuntime(client: KubeClient): Promise<Runtime> {
  const root = await mkdtemp(path.join(tmpdir(), 'sandpiper-fake-kubelet-'));
  return {
    async prepare(pod, address) {
      const folders = await makeVolumes(client, root, pod);
      return sandboxOf(pod, address, folders, path.join(root, 'pods', pod.metadata.uid ?? ''));
    },
    close: () => rm(root, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Where shells and what they call are; nothing else of this process's environment reaches a pod. */
const PROGRAMS = '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin';

/** Folders of volumes by their names. */
type Folders = ReadonlyMap<string, string>;

async function makeVolumes(client: KubeClient, root: string, pod: Pod): Promise<Folders> {
  const { namespace = '', uid = '' } = pod.metadata;
  const folders = new Map<string, string>();
  for (const volume of pod.spec?.volumes ?? []) {
    const claimName = volume.persistentVolumeClaim?.claimName;
    const claim = claimName && (await client.get(core.persistentVolumeClaims, { namespace, name: claimName }));
    const folder = claim
      ? path.join(root, 'claims', claim.metadata.uid ?? '')
      : path.join(root, 'pods', uid, 'volumes', volume.name);
    await mkdir(folder, { recursive: true });
    folders.set(volume.name, folder);
    const { configMap } = volume;
    if (!configMap?.name) continue;
    const found = await client.get(core.configMaps, { namespace, name: configMap.name });
    if (!found && configMap.optional !== true) {
      throw new CannotStart('CreateContainerConfigError', `configmap "${configMap.name}" not found`);
    }
    for (const [name, text] of Object.entries(found?.data ?? {})) await writeFile(path.join(folder, name), text);
  }
  return folders;
}

function sandboxOf(pod: Pod, address: string, folders: Folders, ownFolder: string): PodSandbox {
  return {
    start: (container) => Promise.resolve(startContainer(pod, address, container, folders)),
    remove: () => rm(ownFolder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

function startContainer(pod: Pod, address: string, container: Container, folders: Folders): RunningContainer {
  const env = environmentOf({ pod, address, container, folders });
  if (env['SANDPIPER_LISTEN'] === undefined) return scriptedContainer();
  const child = spawn(process.execPath, [TOOL_API], {
    env: { PATH: PROGRAMS, SANDPIPER_LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return processContainer(child, address, container);
}

function processContainer(child: ChildProcess, address: string, container: Container): RunningContainer {
  let said = '';
  let told: ContainerExit | undefined;
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  const exited = new Promise<ContainerExit>((resolve) => {
    child.once('error', (error) => resolve({ exitCode: 128, reason: 'RunContainerError', message: String(error) }));
    child.once('exit', (code, signal) => {
      const exitCode = code ?? (signal === 'SIGKILL' ? 137 : 143);
      const reason = exitCode === 0 ? 'Completed' : 'Error';
      resolve(told ?? { exitCode, reason, ...(said !== '' && { message: said }) });
    });
  });
  return {
    id: containerId(),
    exited,
    async end(graceMs) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
    crash(exit) {
      told = exit;
      child.kill('SIGKILL');
    },
    probe: (probe) => ask(probe, address, container),
  };
}

/** One HTTP probe; others are taken to succeed. */
function ask({ httpGet, timeoutSeconds = 1 }: Probe, host: string, container: Container): Promise<boolean> {
  if (!httpGet) return Promise.resolve(true);
  const named = container.ports?.find(({ name }) => name === String(httpGet.port))?.containerPort;
  const port = named ?? Number(httpGet.port);
  return new Promise((resolve) => {
    const asked = request({ host, port, path: httpGet.path ?? '/', agent: false, timeout: timeoutSeconds * 1000 });
    asked.once('response', (response) => {
      response.resume();
      resolve((response.statusCode ?? 500) < 400);
    });
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve(false));
    asked.end();
  });
}
