import { coordination, core, type KubeClient, type Node } from '@sandpiper/kube';
import { isAlreadyExists } from '@sandpiper/kube';
import type { Print } from '../print.ts';

export interface FakeNodes {
  names: readonly string[];
  /** Nothing is heard of a node any more: its lease is not renewed. */
  silence(name: string): void;
  revive(name: string): Promise<void>;
  /** Takes the nodes off the cluster. */
  close(): Promise<void>;
}

/** A leader of nodes waits 40 s for a lease; four chances to renew it. */
const RENEW_MS = 10_000;
/** On nodes that are not for everybody. */
const TAINT = 'fake-kubelet';
const LEASE_NAMESPACE = 'kube-node-lease';
const ROOM = { cpu: '512', memory: '2Ti', pods: '20000', 'ephemeral-storage': '100Ti' };

/** Registers nodes with room for anything, and keeps their leases. */
export async function registerNodes(
  client: KubeClient,
  names: readonly string[],
  { dedicated, print }: { dedicated: boolean; print: Print },
): Promise<FakeNodes> {
  const silent = new Set<string>();
  await Promise.all(names.map((name) => register(client, name, dedicated)));
  const renew = (): void => {
    for (const name of names) {
      if (silent.has(name)) continue;
      renewLease(client, name).catch((error: unknown) =>
        print(`the lease of ${name} was not renewed: ${String(error)}`),
      );
    }
  };
  renew();
  const timer = setInterval(renew, RENEW_MS);
  return {
    names,
    silence: (name) => void silent.add(name),
    async revive(name) {
      silent.delete(name);
      await renewLease(client, name);
      await sayReady(client, name);
    },
    async close() {
      clearInterval(timer);
      for (const name of names) await client.delete(core.nodes, { namespace: '', name }).catch(() => false);
    },
  };
}

async function register(client: KubeClient, name: string, dedicated: boolean): Promise<void> {
  const node: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'sandpiper.dev/fake': 'true' } },
    ...(dedicated && { spec: { taints: [{ key: TAINT, value: name, effect: 'NoSchedule' }] } }),
  };
  try {
    await client.create(core.nodes, node);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  await sayReady(client, name);
}

async function sayReady(client: KubeClient, name: string): Promise<void> {
  const now = new Date().toISOString();
  const conditions = [
    {
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      message: '',
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    },
  ];
  const body = { status: { capacity: ROOM, allocatable: ROOM, conditions } };
  await client.patch(core.nodes, { namespace: '', name }, { type: 'strategic', body }, { subresource: 'status' });
}

async function renewLease(client: KubeClient, name: string): Promise<void> {
  const spec = {
    holderIdentity: name,
    leaseDurationSeconds: 40,
    renewTime: new Date().toISOString().replace('Z', '000Z'),
  };
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace: LEASE_NAMESPACE },
    spec,
  };
  await client.apply(coordination.leases, lease, { fieldManager: 'fake-kubelet', force: true });
}
