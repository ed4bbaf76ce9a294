import { spawn } from 'node:child_process';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { controlPlaneVersion } from '@sandpiper/testing/control-plane';

const modules = path.join(import.meta.dirname, 'modules');
const oldestGo = [1, 24] as const;

interface Program {
  name: string;
  /** Folder below `modules`. */
  module: string;
  package: string;
  linkerFlags: string;
}

const [major, minor] = controlPlaneVersion.split('.');
const version = 'k8s.io/component-base/version';
const kubernetes = (name: string): Program => ({
  name,
  module: 'kubernetes',
  package: `k8s.io/kubernetes/cmd/${name}`,
  linkerFlags: `-s -w -X ${version}.gitVersion=v${controlPlaneVersion} -X ${version}.gitMajor=${major} -X ${version}.gitMinor=${minor}`,
});
const programs: readonly Program[] = [
  { name: 'etcd', module: 'etcd', package: 'go.etcd.io/etcd/server/v3', linkerFlags: '-s -w' },
  ...['kube-apiserver', 'kubectl', 'kube-controller-manager', 'kube-scheduler'].map(kubernetes),
];

/**
 * Fills the cache of binaries. What is there stays; what is built moves into place when it is whole, so that two builds at once, or one
 * that is cut off, do no harm.
 *
 * @param folder  of this version's binaries, from `binaryCache`
 * @throws an Error in one line when Go is missing, too old, or the build fails
 */
export async function buildControlPlane(folder: string, print: (line: string) => void): Promise<void> {
  const missing: Program[] = [];
  for (const program of programs) if (!(await isThere(path.join(folder, program.name)))) missing.push(program);
  if (missing.length === 0) {
    print(`Kubernetes ${controlPlaneVersion} is built already: ${folder}`);
    return;
  }
  await checkPins();
  await checkGo();
  await mkdir(folder, { recursive: true });
  for (const [index, program] of missing.entries()) {
    const started = performance.now();
    print(`[${index + 1}/${missing.length}] building ${program.name} …`);
    await build(program, folder);
    print(
      `[${index + 1}/${missing.length}] ${program.name} took ${((performance.now() - started) / 1000).toFixed(0)} s`,
    );
  }
  print(`Kubernetes ${controlPlaneVersion} is built: ${folder}`);
}

async function build(program: Program, folder: string): Promise<void> {
  const target = path.join(folder, program.name);
  const staging = `${target}.${process.pid}`;
  const args = ['build', '-trimpath', '-ldflags', program.linkerFlags, '-o', staging, program.package];
  try {
    // Whoever builds goes on working meanwhile.
    const code = await run('nice', ['go', ...args], path.join(modules, program.module));
    if (code !== 0) throw new Error(`Building ${program.name} failed (exit ${code}); see above.`);
    await rename(staging, target);
  } finally {
    await rm(staging, { force: true });
  }
}

/** The folder is named by the version: it must hold what the modules pin. */
async function checkPins(): Promise<void> {
  const text = await readFile(path.join(modules, 'kubernetes/go.mod'), 'utf8');
  if (!text.includes(`k8s.io/kubernetes v${controlPlaneVersion} `)) {
    throw new Error(`hack/control-plane/modules/kubernetes/go.mod does not pin Kubernetes ${controlPlaneVersion}.`);
  }
}

async function checkGo(): Promise<void> {
  const wanted = oldestGo.join('.');
  const text = await outputOf('go', ['env', 'GOVERSION']).catch(() => undefined);
  if (text === undefined)
    throw new Error(`Building a control plane needs Go ${wanted} or later, and there is no \`go\`.`);
  const [, major = '0', minor = '0'] = /go(\d+)\.(\d+)/.exec(text) ?? [];
  const isOldEnough = Number(major) > oldestGo[0] || (Number(major) === oldestGo[0] && Number(minor) >= oldestGo[1]);
  if (!isOldEnough) throw new Error(`Building a control plane needs Go ${wanted} or later; here is ${text.trim()}.`);
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

function run(command: string, args: readonly string[], cwd: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, CGO_ENABLED: '0' };
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

function outputOf(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => void (text += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(text) : reject(new Error(`${command} ended with ${code}`))));
  });
}
