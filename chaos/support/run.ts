import type { KubeConfig } from '@kubernetes/client-node';
import { generateKeyPair } from '@sandpiper/capability';
import { core } from '@sandpiper/kube';
import { eventually } from '@sandpiper/testing';
import { sandboxPools, sandboxTemplates, sandboxes } from '../../operator/src/resources.ts';
import { type Cluster, openCluster } from '../../operator/src/testing/cluster.ts';
import { type Expected, violations } from './invariants.ts';
import { type Replica, type ReplicaOptions, startReplica } from './replica.ts';
import type { World } from './world.ts';

/** One namespace in which something goes wrong, and those who live in it. */
export interface Run {
  readonly cluster: Cluster;
  readonly world: World;
  /** Of all its operators: those of one installation have the same. */
  readonly keys: ReplicaOptions['keys'];
  /** What people wish; who changes a sandbox notes it here. */
  readonly wishes: Map<string, 'running' | 'suspended' | 'gone'>;
  /** Uids of workspaces that must not be lost, by their sandboxes. */
  readonly workspaces: Map<string, string>;
  /** Clocks of the operators less that of the machine, ms. */
  clockAheadMs: number;
  /** Starts another operator; the run ends it. */
  start(options?: Partial<ReplicaOptions>): Replica;
  /** The same, with another in its place when it loses the lease, as a Deployment does; the first is returned. */
  keepRunning(options: Partial<ReplicaOptions>): Replica;
  /** Makes sandboxes from a template, and wishes that they run. */
  sandbox(name: string, spec?: object): Promise<void>;
  suspend(name: string): Promise<void>;
  wake(name: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Notes which claim holds the work of a sandbox, from when on it must stay. */
  noteWorkspace(name: string): Promise<void>;
  /** Uid of the published pod. */
  published(name: string): Promise<string>;
  violations(): Promise<string[]>;
  /** Waits until all wishes have come true and nobody writes any more. Rejects with what is still wrong. */
  settled(withinMs: number): Promise<void>;
  close(): Promise<void>;
}

/** A status that only tells of progress, and counts of a pool, are held back for a second: rest is longer than that. */
const QUIET_MS = 1_200;

export async function openRun(
  world: World,
  prefix: string,
  { kubeConfig }: { kubeConfig?: KubeConfig } = {},
): Promise<Run> {
  const cluster = await openCluster(world.control, prefix);
  const { namespace, client } = cluster;
  const signing = generateKeyPair();
  const keys = { signing, publicKeys: { [`operator.${signing.kid}.pem`]: signing.publicKeyPem } };
  const wishes: Run['wishes'] = new Map();
  const workspaces = new Map<string, string>();
  const replicas: Replica[] = [];
  let isClosed = false;
  const sent = (): number => replicas.reduce((total, { writes }) => total + writes.length, 0);
  const listed = async <T>(listing: Promise<{ items: T[] }>): Promise<T[]> => (await listing).items;

  const run: Run = {
    cluster,
    world,
    keys,
    wishes,
    workspaces,
    clockAheadMs: 0,
    start(options) {
      const replica = startReplica({
        kubeConfig: kubeConfig ?? world.control.kubeConfig,
        namespace,
        keys,
        clockAheadMs: () => run.clockAheadMs,
        ...options,
      });
      replicas.push(replica);
      return replica;
    },
    keepRunning(options) {
      const again = (): void => {
        if (!isClosed) run.start({ ...options, onLost: again });
      };
      return run.start({ ...options, onLost: again });
    },
    async sandbox(name, spec = {}) {
      wishes.set(name, 'running');
      await cluster.sandbox(name, spec);
    },
    async suspend(name) {
      wishes.set(name, 'suspended');
      await cluster.patch(name, { operatingMode: 'Suspended' });
    },
    async wake(name) {
      wishes.set(name, 'running');
      await cluster.patch(name, { operatingMode: 'Running', wakeRequestedAt: new Date().toISOString() });
    },
    async remove(name) {
      wishes.set(name, 'gone');
      await cluster.remove(name);
    },
    async noteWorkspace(name) {
      const claimName = (await cluster.get(name))?.status?.workspace?.claimName ?? '';
      const claim = await client.get(core.persistentVolumeClaims, { namespace, name: claimName });
      if (!claim?.metadata.uid) throw new Error(`${name} has no workspace.`);
      workspaces.set(name, claim.metadata.uid);
    },
    published: (name) =>
      eventually(`an instance of ${name}`, 10_000, async () => (await cluster.get(name))?.status?.endpoint?.uid),
    async violations() {
      const [pods, claims, found, templates, pools] = await Promise.all([
        listed(client.listAll(core.pods, { namespace })),
        listed(client.listAll(core.persistentVolumeClaims, { namespace })),
        listed(client.listAll(sandboxes, { namespace })),
        listed(client.listAll(sandboxTemplates, { namespace })),
        listed(client.listAll(sandboxPools, { namespace })),
      ]);
      const expected: Expected = { sandboxes: wishes, workspaces };
      const seen = { sandboxes: found, templates, pools, pods, claims, closed: world.sleepers.closed };
      return [...violations(seen, expected), ...world.witnessed(namespace)];
    },
    async settled(withinMs) {
      const until = performance.now() + withinMs;
      let count = -1;
      let since = performance.now();
      let wrong: string[] = [];
      const isOver = async (): Promise<boolean> => {
        if (sent() !== count) {
          count = sent();
          since = performance.now();
        }
        if (wrong.length > 0 || performance.now() - since < QUIET_MS) {
          wrong = await run.violations();
          if (wrong.length > 0) since = performance.now();
          return false;
        }
        wrong = await run.violations();
        return wrong.length === 0;
      };
      await eventually('rest', withinMs, isOver, { everyMs: 100 }).catch((error: unknown) => {
        if (performance.now() < until) throw error;
        const writes = replicas.flatMap((replica) => replica.writes).slice(-12);
        const complaints = replicas.flatMap((replica) => replica.complaints).map((line) => line.slice(0, 400));
        const trouble = wrong.length > 0 ? wrong : ['Nothing is wrong any more, and writing goes on.'];
        const lines = [...trouble, 'The last writes:', ...writes, 'The last complaints:', ...complaints.slice(-5)];
        throw new Error(`${namespace} has not come to rest within ${withinMs} ms.\n  ${lines.join('\n  ')}`);
      });
    },
    async close() {
      isClosed = true;
      for (const replica of replicas) replica.kill();
      await Promise.all(replicas.map((replica) => replica.close()));
      await cluster.close();
    },
  };
  return run;
}
