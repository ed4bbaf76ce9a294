import { labels, type Sandbox, type SandboxPool, type SandboxTemplate } from '@sandpiper/api';
import {
  type Change,
  type Informer,
  keyOf,
  type KubeObject,
  keyText,
  type Node,
  type ObjectKey,
  type PersistentVolumeClaim,
  type Pod,
  type Watch,
} from '@sandpiper/kube';
import { type Caches, NODE, TEMPLATE, WAITING } from './caches.ts';
import { controllerOf } from './ownership.ts';
import { warmKeys } from './pool/warm-pods.ts';

/** What each controller looks at again when something changes. */

export function sandboxWatches(caches: Caches): Watch[] {
  return [
    watch<Sandbox>(caches.sandboxes, itself),
    watch<Pod>(caches.pods, (change) => [
      ...ownersOf(change, 'Sandbox'),
      ...namesakes(change),
      ...waiting(caches, change),
    ]),
    watch<PersistentVolumeClaim>(caches.claims, (change) => [...ownersOf(change, 'Sandbox'), ...namesakes(change)]),
    watch<SandboxTemplate>(caches.templates, (change) => byTemplate(caches.sandboxes, change)),
    watch<Node>(caches.nodes, (change) => onNode(caches, change)),
  ];
}

export function templateWatches(caches: Caches): Watch[] {
  return [
    watch<SandboxTemplate>(caches.templates, itself),
    watch<KubeObject>(caches.networkPolicies, (change) => ownersOf(change, 'SandboxTemplate')),
  ];
}

export function poolWatches(caches: Caches): Watch[] {
  return [
    watch<SandboxPool>(caches.pools, itself),
    watch<Pod>(caches.pods, (change) => ownersOf(change, 'SandboxPool')),
    watch<SandboxTemplate>(caches.templates, (change) => byTemplate(caches.pools, change)),
  ];
}

function watch<T extends KubeObject>(informer: Informer<T>, requestsFor: (change: Change<T>) => ObjectKey[]): Watch {
  return { informer, requestsFor };
}

function itself({ key }: Change<KubeObject>): ObjectKey[] {
  return [key];
}

/** The owners before and after: who lost an object has to know as well. */
function ownersOf({ key, before, after }: Change<KubeObject>, kind: string): ObjectKey[] {
  const names = new Set<string>();
  for (const object of [before, after]) {
    const owner = object && controllerOf(object);
    if (owner?.kind === kind) names.add(owner.name);
  }
  return [...names].map((name) => ({ namespace: key.namespace, name }));
}

/** Something under the name that a sandbox gives its own: whoever waits for the name has to know when it is free. */
function namesakes({ key, before, after }: Change<KubeObject>): ObjectKey[] {
  const isNews = before === undefined || after === undefined;
  return isNews && (after ?? before)?.metadata.labels?.[labels.sandbox] === undefined ? [key] : [];
}

/** A pod has become free to be adopted: those that wait for one look again. */
function waiting({ sandboxes }: Caches, { before, after }: Change<Pod>): ObjectKey[] {
  const [key] = after ? warmKeys(after) : [];
  if (key === undefined || (before && warmKeys(before).includes(key))) return [];
  return sandboxes.store.byIndex(WAITING, key).map(keyOf);
}

function byTemplate(
  informer: Informer<Sandbox> | Informer<SandboxPool>,
  { key }: Change<SandboxTemplate>,
): ObjectKey[] {
  return informer.store.byIndex(TEMPLATE, keyText(key)).map(keyOf);
}

function onNode({ pods }: Caches, { key, before, after }: Change<Node>): ObjectKey[] {
  const isHeardOf = (node: Node | undefined) => node?.status?.conditions?.[0]?.status;
  if (isHeardOf(before) === isHeardOf(after)) return [];
  return pods.store.byIndex(NODE, key.name).flatMap((pod) => {
    const owner = controllerOf(pod);
    return owner?.kind === 'Sandbox' ? { namespace: pod.metadata.namespace ?? '', name: owner.name } : [];
  });
}
