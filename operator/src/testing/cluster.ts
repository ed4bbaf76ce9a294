import { type Condition, type Sandbox, type SandboxPool, type SandboxTemplate } from '@sandpiper/api';
import { core, createKubeClient, type KubeClient, type Pod } from '@sandpiper/kube';
import type { ConnectedControlPlane } from '@sandpiper/testing/control-plane';
import { eventually } from '@sandpiper/testing';
import { sandboxes, sandboxPools, sandboxTemplates } from '../resources.ts';

/** One namespace of a cluster, as the people see it who use Sandpiper: they write resources and read what becomes of them. */
export interface Cluster {
  namespace: string;
  client: KubeClient;
  template(name: string, spec?: object): Promise<SandboxTemplate>;
  pool(name: string, spec: object): Promise<SandboxPool>;
  sandbox(name: string, spec?: object): Promise<Sandbox>;
  patch(name: string, spec: object): Promise<Sandbox>;
  remove(name: string): Promise<void>;
  get(name: string): Promise<Sandbox | undefined>;
  pods(): Promise<Pod[]>;
  /** Waits until a condition of a sandbox has a status, and a reason where one is given. */
  until(name: string, type: string, status: string, reason?: string): Promise<Sandbox>;
  untilTemplate(name: string, status: string): Promise<Condition>;
  untilPool(name: string, isSo: (pool: SandboxPool) => boolean): Promise<SandboxPool>;
  close(): Promise<void>;
}

const WITHIN_MS = 15_000;

/** A pod of the slim kind. Where the cluster has a node of its own, it runs only there. */
function podTemplate(node: string | undefined): object {
  const place = node !== undefined && {
    nodeSelector: { 'kubernetes.io/hostname': node },
    tolerations: [{ key: 'fake-kubelet', operator: 'Exists' }],
  };
  return { spec: { containers: [{ name: 'sandbox', image: 'example.com/sandbox:1' }], ...place } };
}

/**
 * A namespace of its own on a control plane that has our CRDs.
 *
 * @param node  a dedicated node of a fake kubelet that its pods run on
 */
export async function openCluster(control: ConnectedControlPlane, prefix: string, node?: string): Promise<Cluster> {
  const namespace = await control.createNamespace(prefix);
  const client = createKubeClient(control.kubeConfig);
  const keyOf = (name: string) => ({ namespace, name });
  const base = (kind: string, name: string, spec: object): never =>
    ({ apiVersion: 'sandpiper.dev/v1alpha1', kind, metadata: { name, namespace }, spec }) as never;
  return {
    namespace,
    client,
    template: (name, spec = {}) =>
      client.create(
        sandboxTemplates,
        base('SandboxTemplate', name, { podTemplate: podTemplate(node), desktop: false, ...spec }),
      ),
    pool: (name, spec) => client.create(sandboxPools, base('SandboxPool', name, spec)),
    sandbox: (name, spec = {}) => client.create(sandboxes, base('Sandbox', name, spec)),
    patch: (name, spec) => client.patch(sandboxes, keyOf(name), { type: 'merge', body: { spec } }),
    async remove(name) {
      await client.delete(sandboxes, keyOf(name));
    },
    get: (name) => client.get(sandboxes, keyOf(name)),
    pods: async () => (await client.listAll(core.pods, { namespace })).items,
    until: (name, type, status, reason) =>
      withLastSeen(
        `${type}=${status} ${reason ?? ''} of ${name}`,
        () => client.get(sandboxes, keyOf(name)),
        (sandbox) =>
          (sandbox.status?.conditions ?? []).some(
            (each) => each.type === type && each.status === status && (reason === undefined || each.reason === reason),
          ),
      ),
    async untilTemplate(name, status) {
      const isValid = ({ status: found }: SandboxTemplate) => found?.conditions?.find(({ type }) => type === 'Valid');
      const template = await withLastSeen(
        `Valid=${status} of ${name}`,
        () => client.get(sandboxTemplates, keyOf(name)),
        (each) => isValid(each)?.status === status,
      );
      return isValid(template) as Condition;
    },
    untilPool: (name, isSo) => withLastSeen(`pool ${name}`, () => client.get(sandboxPools, keyOf(name)), isSo),
    close: () => client.close(),
  };
}

/** Like `eventually`, with what was last seen in the error: most failures are told by it. */
async function withLastSeen<T extends { status?: unknown }>(
  what: string,
  read: () => Promise<T | undefined>,
  isSo: (object: T) => boolean,
): Promise<T> {
  let seen: T | undefined;
  try {
    return await eventually(what, WITHIN_MS, async () => {
      seen = await read();
      return seen && isSo(seen) ? seen : undefined;
    });
  } catch (error) {
    throw new Error(`${String(error)} Last seen: ${JSON.stringify(seen?.status)}`, { cause: error });
  }
}
