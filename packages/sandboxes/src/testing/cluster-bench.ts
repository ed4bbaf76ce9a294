import { createKubeClient, guardWrites } from '@sandpiper/kube';
import type { BeforeWrite, KubeClient, Log, RequestReport } from '@sandpiper/kube';
import type { ConnectedControlPlane } from '@sandpiper/testing/control-plane';
import {
  createKubernetesSandboxes,
  type KubernetesSandboxes,
  type KubernetesSandboxesOptions,
} from '../kubernetes/kubernetes-sandboxes.ts';
import { buildRoad, type CuttableRoad } from './cuttable-road.ts';
import { startStandInOperator, type StandInOperator } from './stand-in-operator.ts';

/** A namespace with a stand-in operator, in which replicas of the client are tried. */
export interface ClusterBench {
  namespace: string;
  /** The administrator's. */
  client: KubeClient;
  operator: StandInOperator;
  /** One more client of the same sandboxes. It is started unless the test does that. */
  addReplica(options?: ReplicaOptions): Promise<Replica>;
  close(): Promise<void>;
}

export interface ReplicaOptions extends Partial<Omit<KubernetesSandboxesOptions, 'client' | 'namespace'>> {
  /** Called before each of its writes. */
  beforeWrite?: BeforeWrite;
  /** What its watch waits for before each event that it passes on. */
  beforeEvent?: () => Promise<unknown>;
  /** Whether the test may cut its road to the API server. */
  cuttable?: boolean;
  started?: boolean;
  /** As whom it speaks; the administrator when left out. */
  kubeConfig?: ConnectedControlPlane['kubeConfig'];
}

export interface Replica {
  sandboxes: KubernetesSandboxes;
  /** Verbs of its requests so far that succeeded, watches left out. */
  verbs(): string[];
  /** Only where asked for. */
  road: CuttableRoad;
  /** What it logged as a warning or an error. */
  logged: { msg: string }[];
}

export async function openClusterBench(
  controlPlane: ConnectedControlPlane,
  operated: { address?: string; uid?: string } = {},
): Promise<ClusterBench> {
  const namespace = await controlPlane.createNamespace('sandboxes');
  const client = createKubeClient(controlPlane.kubeConfig);
  const operator = await startStandInOperator({ client, namespace, ...operated });
  const ends: (() => Promise<void>)[] = [() => client.close(), () => operator.close()];

  return {
    namespace,
    client,
    operator,
    async addReplica({ beforeWrite, beforeEvent, cuttable = false, started = true, kubeConfig, ...options } = {}) {
      const reports: RequestReport[] = [];
      const logged: { msg: string }[] = [];
      const road = cuttable ? await buildRoad(controlPlane) : undefined;
      const own = createKubeClient(kubeConfig ?? road?.kubeConfig ?? controlPlane.kubeConfig, {
        onRequest: (report) => reports.push(report),
      });
      const note = (...said: unknown[]): void => void logged.push({ msg: String(said.at(-1)) });
      const ignore = (): void => undefined;
      const log: Log = { debug: ignore, info: ignore, warn: note, error: note };
      const sandboxes = createKubernetesSandboxes({
        client: delayed(beforeWrite ? guardWrites(own, beforeWrite) : own, beforeEvent),
        namespace,
        installation: 'test',
        log,
        ...options,
      });
      ends.push(async () => {
        await sandboxes.close();
        await own.close();
        await road?.end();
      });
      if (started) await sandboxes.start();
      const verbs = (): string[] => reports.filter(hasSucceeded).map(({ verb }) => verb);
      return {
        sandboxes,
        verbs,
        logged,
        get road() {
          if (!road) throw new Error('Ask for a cuttable road.');
          return road;
        },
      };
    },
    async close() {
      for (const end of ends.splice(0).reverse()) await end();
    },
  };
}

function hasSucceeded({ verb, status }: RequestReport): boolean {
  return verb !== 'watch' && status >= 200 && status < 300;
}

function delayed(client: KubeClient, beforeEvent: (() => Promise<unknown>) | undefined): KubeClient {
  if (!beforeEvent) return client;
  return {
    ...client,
    async *watch(type, options) {
      for await (const event of client.watch(type, options)) {
        await beforeEvent();
        yield event;
      }
    },
  };
}
