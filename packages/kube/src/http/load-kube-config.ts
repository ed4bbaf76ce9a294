import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

export interface KubeConfigSource {
  /** What KUBECONFIG says: a file, or several joined as `PATH` is. Left out: the pod's service account, then `~/.kube/config`. */
  path?: string | undefined;
  /** The current one when left out. */
  context?: string | undefined;
}

/**
 * Finds out which API server to talk to, and as whom.
 *
 * @throws Error when there is no configuration, or it does not know the context
 */
export function loadKubeConfig({ path, context }: KubeConfigSource = {}): KubeConfig {
  const config = path === undefined || path === '' ? fromSurroundings() : fromFiles(path.split(delimiter));
  if (context !== undefined) config.setCurrentContext(context);
  if (!config.getCurrentCluster()) {
    throw new Error(`The Kubernetes configuration has no context named ${JSON.stringify(config.getCurrentContext())}.`);
  }
  return config;
}

function fromSurroundings(): KubeConfig {
  const config = new KubeConfig();
  const file = join(homedir(), '.kube', 'config');
  if (existsSync(SERVICE_ACCOUNT_TOKEN)) config.loadFromCluster();
  else if (existsSync(file)) config.loadFromFile(file);
  else throw new Error(`No Kubernetes configuration: set KUBECONFIG, or run in a pod; ${file} does not exist.`);
  return config;
}

function fromFiles(paths: readonly string[]): KubeConfig {
  const config = new KubeConfig();
  for (const [index, path] of paths.filter((part) => part !== '').entries()) {
    if (index === 0) {
      config.loadFromFile(path);
      continue;
    }
    const next = new KubeConfig();
    next.loadFromFile(path);
    // As kubectl does: the first file that names a current context decides it.
    config.mergeConfig(next, true);
  }
  return config;
}
