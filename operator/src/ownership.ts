import type { KubeObject, OwnerReference } from '@sandpiper/kube';

/** The owner that counts: the one whose reference says `controller`. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/**
 * The reference by which one object owns another. Without `blockOwnerDeletion`: setting that needs the right to change
 * finalizers of the owner, and nothing here waits for it.
 */
export function ownedBy(owner: KubeObject & { metadata: { uid: string } }): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
}
