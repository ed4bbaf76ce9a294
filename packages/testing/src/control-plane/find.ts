import { accessSync, constants, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** The Kubernetes that our cache of binaries holds, as pinned in `hack/control-plane/modules`. */
export const controlPlaneVersion = '1.34.4';

/** The context's name in every kubeconfig that we write: by it a throwaway control plane of ours is known again. */
export const contextName = 'sandpiper-control-plane';

/** Paths of programs. */
export interface Binaries {
  etcd: string;
  'kube-apiserver': string;
  kubectl: string;
  /** Missing in the assets of envtest: then there is no garbage collection, no default service account, no scheduling. */
  'kube-controller-manager'?: string;
  'kube-scheduler'?: string;
}

export type ControlPlaneSource =
  | { kind: 'existing'; kubeconfigPath: string; kubectl: string }
  | { kind: 'binaries'; from: string; binaries: Binaries }
  | { kind: 'none'; reason: string };

/**
 * Says where a control plane is to be had, in this order:
 *
 * 1. `KUBECONFIG`, when it is meant: with `USE_EXISTING_CLUSTER=true` (as in envtest), or when `npm run control-plane` wrote
 *    it. A kubeconfig that merely happens to be in the shell may be somebody's production, and is left alone.
 * 2. `KUBEBUILDER_ASSETS`, a folder with etcd, kube-apiserver and kubectl (as in envtest).
 * 3. The cache that `npm run control-plane -- --build` fills.
 */
export function findControlPlane(env: NodeJS.ProcessEnv): ControlPlaneSource {
  const kubeconfigPath = env['KUBECONFIG'] ?? '';
  if (kubeconfigPath !== '' && (env['USE_EXISTING_CLUSTER'] === 'true' || isOurs(kubeconfigPath))) {
    return { kind: 'existing', kubeconfigPath, kubectl: executable(binaryCache(env), 'kubectl') ?? 'kubectl' };
  }
  const assets = env['KUBEBUILDER_ASSETS'] ?? '';
  if (assets !== '') {
    const binaries = binariesIn(assets);
    if (binaries === undefined) {
      return {
        kind: 'none',
        reason: `KUBEBUILDER_ASSETS is ${assets}, but etcd, kube-apiserver and kubectl are not all there.`,
      };
    }
    return { kind: 'binaries', from: assets, binaries };
  }
  const cache = binaryCache(env);
  const binaries = binariesIn(cache);
  if (binaries === undefined) {
    return {
      kind: 'none',
      reason: 'There is no control plane; `npm run control-plane -- --build` makes one (needs Go).',
    };
  }
  return { kind: 'binaries', from: cache, binaries };
}

/** `$XDG_CACHE_HOME/sandpiper/control-plane/<version>/bin`. */
export function binaryCache(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CACHE_HOME'] ?? path.join(env['HOME'] ?? homedir(), '.cache');
  return path.join(base, 'sandpiper/control-plane', controlPlaneVersion, 'bin');
}

function binariesIn(folder: string): Binaries | undefined {
  const etcd = executable(folder, 'etcd');
  const apiServer = executable(folder, 'kube-apiserver');
  const kubectl = executable(folder, 'kubectl');
  if (etcd === undefined || apiServer === undefined || kubectl === undefined) return undefined;
  const controllerManager = executable(folder, 'kube-controller-manager');
  const scheduler = executable(folder, 'kube-scheduler');
  return {
    etcd,
    'kube-apiserver': apiServer,
    kubectl,
    ...(controllerManager === undefined ? {} : { 'kube-controller-manager': controllerManager }),
    ...(scheduler === undefined ? {} : { 'kube-scheduler': scheduler }),
  };
}

function executable(folder: string, name: string): string | undefined {
  const file = path.resolve(folder, name);
  try {
    accessSync(file, constants.X_OK);
    return file;
  } catch {
    return undefined;
  }
}

function isOurs(kubeconfigPath: string): boolean {
  try {
    return readFileSync(kubeconfigPath, 'utf8').includes(`"current-context":"${contextName}"`);
  } catch {
    return false;
  }
}
