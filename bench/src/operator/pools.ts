import { core, type Informer, type KubeClient, type Pod } from '@sandpiper/kube';
import { eventually } from '@sandpiper/testing';
import { watching } from './claims.ts';
import { type Kind, poolOf, REFILL, sandboxPools, sandboxTemplates, templateOf } from './resources.ts';

/** The two pools of the benchmark. */
export interface Pools {
  /** Makes the pool so large and waits until all of it is ready, then lets it refill at the pace that pools have by default. */
  fill(kind: Kind, replicas: number): Promise<void>;
  /** Refills as fast as can be, from now on. */
  hurry(kind: Kind): Promise<void>;
  /** Holds none any more; resolves when none is left. */
  empty(kind: Kind): Promise<void>;
  close(): Promise<void>;
}

const WITHIN_MS = 180_000;

export async function createPools(client: KubeClient, namespace: string): Promise<Pools> {
  for (const kind of ['bare', 'disk'] as const) {
    await client.create(sandboxTemplates, templateOf(kind, namespace) as never);
    await client.create(sandboxPools, poolOf(kind, namespace, 0) as never);
  }
  const pods = await watching(client, core.pods, namespace);
  const patch = (kind: Kind, spec: object) =>
    client.patch(sandboxPools, { namespace, name: kind }, { type: 'merge', body: { spec } });
  return {
    async fill(kind, replicas) {
      await patch(kind, { replicas, refill: REFILL.fast });
      await eventually(`${replicas} ready of ${kind}`, WITHIN_MS, () => warm(pods, kind, isReady) === replicas);
      await patch(kind, { refill: REFILL.byDefault });
    },
    async hurry(kind) {
      await patch(kind, { refill: REFILL.fast });
    },
    async empty(kind) {
      await patch(kind, { replicas: 0 });
      await eventually(`none of ${kind}`, WITHIN_MS, () => warm(pods, kind, () => true) === 0);
    },
    close: () => pods.close(),
  };
}

function warm(pods: Informer<Pod>, kind: Kind, counts: (pod: Pod) => boolean): number {
  return pods.store.list().filter((pod) => isOfPool(pod, kind) && counts(pod)).length;
}

function isOfPool({ metadata }: Pod, kind: Kind): boolean {
  return metadata.ownerReferences?.some((owner) => owner.kind === 'SandboxPool' && owner.name === kind) ?? false;
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
