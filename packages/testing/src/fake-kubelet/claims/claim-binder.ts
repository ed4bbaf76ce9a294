import {
  core,
  createInformer,
  isAlreadyExists,
  isConflict,
  isNotFound,
  type KubeClient,
  type PersistentVolumeClaim,
  storage,
} from '@sandpiper/kube';
import type { Print } from '../print.ts';

export interface ClaimBinder {
  close(): Promise<void>;
}

const CLASS = 'fake';

/**
 * Gives each claim a volume at once, as a provisioner and the volume controller together do: a volume that is promised to
 * the claim, and the claim's word that it is bound. What the volumes are is their user's affair.
 */
export async function bindClaims(client: KubeClient, print: Print): Promise<ClaimBinder> {
  await makeDefaultClass(client);
  const claims = createInformer({ client, type: core.persistentVolumeClaims });
  claims.onChange(({ before, after }) => {
    const work = after ? bind(client, after) : before && dropVolume(client, before);
    work?.catch((error: unknown) => {
      if (!isConflict(error) && !isNotFound(error)) print(`a claim could not be bound: ${String(error)}`);
    });
  });
  await claims.start();
  return { close: () => claims.close() };
}

async function makeDefaultClass(client: KubeClient): Promise<void> {
  try {
    await client.create(storage.storageClasses, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: CLASS, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'Immediate',
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

async function bind(client: KubeClient, claim: PersistentVolumeClaim): Promise<void> {
  const { name, namespace = '', uid = '', deletionTimestamp } = claim.metadata;
  if (deletionTimestamp !== undefined || claim.spec?.volumeName !== undefined) return;
  const volumeName = volumeNameOf(uid);
  const capacity = { storage: claim.spec?.resources?.requests?.['storage'] ?? '1Gi' };
  const accessModes = claim.spec?.accessModes ?? ['ReadWriteOnce'];
  try {
    await client.create(core.persistentVolumes, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: volumeName },
      spec: {
        capacity,
        accessModes,
        persistentVolumeReclaimPolicy: 'Retain',
        ...(claim.spec?.storageClassName !== undefined && { storageClassName: claim.spec.storageClassName }),
        hostPath: { path: `/nowhere/${uid}` },
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid },
      },
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  const key = { namespace, name };
  const annotations = { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' };
  await client.patch(core.persistentVolumeClaims, key, {
    type: 'merge',
    body: { metadata: { uid, annotations }, spec: { volumeName } },
  });
  await client.patch(
    core.persistentVolumeClaims,
    key,
    { type: 'merge', body: { metadata: { uid }, status: { phase: 'Bound', accessModes, capacity } } },
    { subresource: 'status' },
  );
}

async function dropVolume(client: KubeClient, { metadata }: PersistentVolumeClaim): Promise<void> {
  await client.delete(core.persistentVolumes, { namespace: '', name: volumeNameOf(metadata.uid ?? '') });
}

function volumeNameOf(uid: string): string {
  return `pv-${uid}`;
}
