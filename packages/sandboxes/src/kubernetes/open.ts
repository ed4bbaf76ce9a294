import { createKubeClient, loadKubeConfig } from '@sandpiper/kube';
import {
  createKubernetesSandboxes,
  type KubernetesSandboxes,
  type KubernetesSandboxesOptions,
} from './kubernetes-sandboxes.ts';

export interface OpenOptions extends Omit<KubernetesSandboxesOptions, 'client' | 'namespace'> {
  /** What KUBECONFIG says; left out: the pod's service account, then `~/.kube/config`. */
  kubeconfig?: string;
  /** The one of the kubeconfig's context or of the pod when left out, else `default`. */
  namespace?: string;
}

/**
 * Connects to the cluster that the configuration names; closing it closes the connection as well. Nothing is asked before
 * `start`. Throws an Error that says what is wrong with the configuration.
 */
export function openKubernetesSandboxes({ kubeconfig, namespace, ...options }: OpenOptions): KubernetesSandboxes & {
  readonly namespace: string;
} {
  const config = loadKubeConfig({ path: kubeconfig });
  const chosen = namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
  const client = createKubeClient(config, { userAgent: 'sandpiper-gateway' });
  const sandboxes = createKubernetesSandboxes({ ...options, client, namespace: chosen });
  return {
    ...sandboxes,
    get isSynced() {
      return sandboxes.isSynced;
    },
    namespace: chosen,
    async close() {
      await sandboxes.close();
      await client.close();
    },
  };
}
