import { API_VERSION, GROUP, labels, type Sandbox, sandboxName, VERSION } from '@sandpiper/api';
import {
  createInformer,
  defineResource,
  isConflict,
  isInvalid,
  isNotFound,
  type KubeClient,
  type Log,
  type ResourceType,
} from '@sandpiper/kube';
import type { SandboxChange } from '../sandboxes.ts';
import { sessionOf } from '../sweep.ts';
import type { NewSandbox } from '../wishes.ts';

/** The Sandbox resources of one installation in one namespace: read from one watch, written by single calls. */
export interface SandboxResources {
  /** Resolves when the first list has come; to be called once. */
  start(): Promise<void>;
  readonly isSynced: boolean;
  /** As last heard of. One that this process has deleted shows a deletionTimestamp until it is gone. */
  get(sessionId: string): Sandbox | undefined;
  list(): Sandbox[];
  /** Asks the server, for what the watch has not told yet. `foreign` is not of this installation, or not made for a session. */
  read(sessionId: string, timeoutMs?: number): Promise<Sandbox | 'foreign' | undefined>;
  /** Rejects with a KubeError, `AlreadyExists` where the name is taken. */
  create(sessionId: string, sandbox: NewSandbox): Promise<Sandbox>;
  /** Changes this very sandbox, and none that has got its name since: then it rejects with a KubeError of `isReplaced`. */
  patch(sandbox: Sandbox, change: SandboxPatch): Promise<Sandbox>;
  /** Deletes this very sandbox; its pods and claims follow by their owner references. Rejects as `patch` does. */
  delete(sandbox: Sandbox): Promise<void>;
  /** Every change after the first list, in order. */
  onChange(listener: (change: SandboxChange) => void): () => void;
  close(): Promise<void>;
}

export interface SandboxPatch {
  spec?: Partial<Sandbox['spec']>;
  /** `null` removes one. */
  annotations?: Record<string, string | null>;
}

export interface SandboxResourcesOptions {
  client: KubeClient;
  namespace: string;
  /** Only what carries it in its label is seen and touched. */
  installation: string;
  log: Log;
  /** Epoch ms. */
  now: () => number;
  /** Of one call. */
  callTimeoutMs: number;
  /** Ends calls that are under way. */
  signal: AbortSignal;
}

export const sandboxType: ResourceType<Sandbox> = defineResource({
  group: GROUP,
  version: VERSION,
  kind: 'Sandbox',
  plural: 'sandboxes',
  namespaced: true,
});

export function createSandboxResources(options: SandboxResourcesOptions): SandboxResources {
  const { client, namespace, installation, log, now, callTimeoutMs: timeoutMs, signal } = options;
  const call = { timeoutMs, signal };
  const informer = createInformer({
    client,
    type: sandboxType,
    namespace,
    labelSelector: `${labels.installation}=${installation}`,
    log,
  });
  const { store } = informer;
  /** Uids whose deletion was granted and not yet heard of. */
  const deleted = new Map<string, string>();
  const keyOf = (name: string) => ({ namespace, name });

  const stopForgetting = informer.onChange(({ before, after }) => {
    if (before && before.metadata.uid !== after?.metadata.uid) deleted.delete(before.metadata.uid);
  });
  const asKnown = (sandbox: Sandbox): Sandbox => {
    const deletionTimestamp = deleted.get(sandbox.metadata.uid);
    if (deletionTimestamp === undefined || sandbox.metadata.deletionTimestamp !== undefined) return sandbox;
    return { ...sandbox, metadata: { ...sandbox.metadata, deletionTimestamp } };
  };
  const isOurs = ({ metadata }: Sandbox): boolean =>
    metadata.labels?.[labels.installation] === installation && isOfSession(metadata);
  const noted = (sandbox: Sandbox): Sandbox => {
    store.noteWritten(sandbox);
    return sandbox;
  };

  return {
    start: () => informer.start(),
    get isSynced() {
      return informer.isSynced;
    },
    get(sessionId) {
      const sandbox = store.get(keyOf(sandboxName(sessionId)));
      return sandbox && isOurs(sandbox) ? asKnown(sandbox) : undefined;
    },
    list: () => store.list().filter(isOurs).map(asKnown),
    async read(sessionId, withinMs = timeoutMs) {
      const sandbox = await client.get(sandboxType, keyOf(sandboxName(sessionId)), { signal, timeoutMs: withinMs });
      if (!sandbox) return undefined;
      return isOurs(sandbox) ? noted(sandbox) : 'foreign';
    },
    async create(sessionId, { name, spec, annotations }) {
      const metadata = {
        name,
        namespace,
        annotations,
        labels: {
          [labels.session]: sessionId,
          [labels.installation]: installation,
          [labels.component]: 'sandbox',
        },
      };
      return noted(
        await client.create(sandboxType, { apiVersion: API_VERSION, kind: 'Sandbox', metadata, spec }, call),
      );
    },
    async patch({ metadata: { name, uid } }, { spec, annotations }) {
      // A uid cannot be changed, so one in a patch is a precondition.
      const body = { metadata: { uid, ...(annotations && { annotations }) }, ...(spec && { spec }) };
      return noted(await client.patch(sandboxType, keyOf(name), { type: 'merge', body }, call));
    },
    async delete({ metadata: { name, uid } }) {
      await client.delete(sandboxType, keyOf(name), {
        ...call,
        preconditions: { uid },
        propagationPolicy: 'Background',
      });
      if (store.get(keyOf(name))?.metadata.uid === uid) deleted.set(uid, new Date(now()).toISOString());
    },
    onChange: (listener) =>
      informer.onChange(({ before, after }) => {
        const sandbox = after ?? before;
        if (!informer.isSynced || !sandbox || !isOurs(sandbox)) return;
        listener({ sessionId: sessionOf(sandbox), sandbox: after && asKnown(after) });
      }),
    async close() {
      stopForgetting();
      await informer.close();
    },
  };
}

/** Whether it was made for a session: one that somebody made by hand, whatever its labels say, is nobody's computer. */
function isOfSession({ name, labels: given }: Sandbox['metadata']): boolean {
  const session = given?.[labels.session];
  return session !== undefined && sandboxName(session) === name;
}

/** Whether a write failed because the sandbox is gone, or another one has its name by now. */
export function isReplaced(error: unknown): boolean {
  if (isNotFound(error) || isConflict(error)) return true;
  return isInvalid(error) && error.details?.causes?.some(({ field }) => field === 'metadata.uid') === true;
}
