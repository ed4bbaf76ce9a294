import type { KubeConfig } from '@kubernetes/client-node';
import type { KubeClient } from '@sandpiper/kube';

/** Who a client certificate says that one is. */
export interface User {
  user: string;
  groups?: readonly string[];
}

/** A running control plane as its administrator sees it, whoever started it. */
export interface ConnectedControlPlane {
  /** `https://127.0.0.1:<port>` */
  server: string;
  /** The administrator's kubeconfig, as a file and read already. */
  kubeconfigPath: string;
  kubeConfig: KubeConfig;
  /** The administrator's client. */
  client: KubeClient;
  /** Runs kubectl as administrator. Resolves with what it printed; rejects with what it complained. */
  kubectl(args: readonly string[], options?: { input?: string }): Promise<string>;
  /**
   * A kubeconfig of somebody else, for tests of what RBAC allows: `system:serviceaccount:<namespace>:<name>` is such a user
   * too. By a client certificate; of a cluster that is not ours, by impersonation.
   */
  userKubeConfig(user: User): Promise<{ kubeConfig: KubeConfig; kubeconfigPath: string }>;
  /** Makes a namespace `<prefix>-xxxxx` in which pods can be made at once. */
  createNamespace(prefix: string): Promise<string>;
  /** Asks to delete what `createNamespace` made here, and does not wait for it. */
  removeNamespaces(): Promise<void>;
  /** Lets go of it; of one's own control plane, ends all that was started and removes all that was not asked to be kept. */
  close(): Promise<void>;
}

/** A control plane whose owner may also break it. */
export interface ControlPlane extends ConnectedControlPlane {
  /** By program: etcd, kube-apiserver, … Empty for an existing cluster. */
  readonly pids: Readonly<Record<string, number>>;
  /** Ends the API server (SIGTERM if nothing else is said) and keeps etcd. Rejects for an existing cluster. */
  stopApiServer(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and data; resolves when ready. */
  startApiServer(): Promise<void>;
  /** What another process needs to connect. */
  readonly address: ControlPlaneAddress;
}

/** Plain data, to be handed to `connectControlPlane` in another process. */
export interface ControlPlaneAddress {
  kubeconfigPath: string;
  /** Path of the program. */
  kubectl: string;
  /** Where small files may be put; it ends with the control plane. */
  folder: string;
  /** The clients' authority in PEM, where it is ours. */
  authority?: { key: string; certificate: string };
  /** Whether something makes the default service account of a namespace. */
  hasControllerManager: boolean;
}
