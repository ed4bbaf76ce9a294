import { type Sandbox, type SandboxPool, type SandboxTemplate } from '@sandpiper/api';
import {
  core,
  createInformer,
  type Informer,
  type KubeClient,
  type KubeObject,
  type NetworkPolicy,
  networking,
  type Node,
  type PersistentVolumeClaim,
  type Pod,
} from '@sandpiper/kube';
import { labels } from '@sandpiper/api';
import { controllerOf } from './ownership.ts';
import { WARM, warmKeys } from './pool/warm-pods.ts';
import { sandboxes, sandboxPools, sandboxTemplates } from './resources.ts';

/** What the operator knows of the cluster: one watch for each type. */
export interface Caches {
  sandboxes: Informer<Sandbox>;
  templates: Informer<SandboxTemplate>;
  pools: Informer<SandboxPool>;
  /** Pods of sandboxes and pools only. */
  pods: Informer<Pod>;
  /** Their workspaces. */
  claims: Informer<PersistentVolumeClaim>;
  networkPolicies: Informer<NetworkPolicy>;
  nodes: Informer<Node>;
}

/** Index by the uid of the controlling owner. */
export const OWNER = 'owner';
/** Index of pods by their own uid. */
export const UID = 'uid';
/** Index by `namespace/name` of the template that an object names. */
export const TEMPLATE = 'template';
/** Index by `namespace/name` of the template of sandboxes that wait until its pool has a warm pod. */
export const WAITING = 'waiting';
/** Index of pods by the node they are on. */
export const NODE = 'node';

export interface CachesOptions {
  client: KubeClient;
  /** All namespaces when left out. */
  namespace?: string;
  /** Silence after which a watch counts as dead, ms; see `InformerOptions`. */
  inactivityMs?: number;
}

/** Makes the caches; the manager starts and closes them. */
export function createCaches({ client, namespace, inactivityMs }: CachesOptions): Caches {
  const scope = {
    client,
    ...(namespace !== undefined && { namespace }),
    ...(inactivityMs !== undefined && { inactivityMs }),
  };
  return {
    sandboxes: createInformer({ ...scope, type: sandboxes, indexers: { [TEMPLATE]: templateOf, [WAITING]: waitsFor } }),
    templates: createInformer({ ...scope, type: sandboxTemplates }),
    pools: createInformer({ ...scope, type: sandboxPools, indexers: { [TEMPLATE]: templateOf } }),
    pods: createInformer({
      ...scope,
      type: core.pods,
      labelSelector: `${labels.component}=sandbox`,
      indexers: {
        [OWNER]: ownerUid,
        [UID]: ({ metadata: { uid } }) => (uid === undefined ? [] : [uid]),
        [WARM]: warmKeys,
        [NODE]: ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []),
      },
    }),
    claims: createInformer({
      ...scope,
      type: core.persistentVolumeClaims,
      labelSelector: `${labels.component}=workspace`,
      indexers: { [OWNER]: ownerUid },
    }),
    networkPolicies: createInformer({
      ...scope,
      type: networking.networkPolicies,
      labelSelector: `${labels.component}=sandbox`,
    }),
    nodes: createInformer({
      client,
      type: core.nodes,
      ...(inactivityMs !== undefined && { inactivityMs }),
      // Nodes are large and change often; only whether they are heard of matters here.
      transform: ({ apiVersion, kind, metadata: { name, uid, resourceVersion }, status }) => ({
        apiVersion,
        kind,
        metadata: { name, ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) },
        status: { conditions: status?.conditions?.filter(({ type }) => type === 'Ready') ?? [] },
      }),
    }),
  };
}

function ownerUid(object: KubeObject): string[] {
  const owner = controllerOf(object);
  return owner ? [owner.uid] : [];
}

function templateOf({ metadata, spec }: Sandbox | SandboxPool): string[] {
  return [`${metadata.namespace ?? ''}/${spec.templateRef.name}`];
}

function waitsFor(sandbox: Sandbox): string[] {
  const { spec, status } = sandbox;
  return spec.poolPolicy === 'Require' && status?.endpoint === undefined ? templateOf(sandbox) : [];
}
