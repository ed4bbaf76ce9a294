import { labels, type SandboxTemplate } from '@sandpiper/api';
import type { NewObject, OwnerReference, PersistentVolumeClaim } from '@sandpiper/kube';

export interface ClaimRequest {
  template: SandboxTemplate;
  namespace: string;
  name: string;
  /** Undefined for one that outlives whoever uses it. */
  owner: OwnerReference | undefined;
  labels: Record<string, string>;
}

/** The PersistentVolumeClaim of a workspace, or undefined where the template has none. Pure. */
export function claimFor({ template, namespace, name, owner, labels: own }: ClaimRequest) {
  const { workspace } = template.spec;
  if (!workspace) return undefined;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      namespace,
      labels: { ...own, [labels.component]: 'workspace', [labels.template]: template.metadata.name },
      ...(owner && { ownerReferences: [owner] }),
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: workspace.size } },
      ...(workspace.storageClassName !== undefined && { storageClassName: workspace.storageClassName }),
    },
  } satisfies NewObject<PersistentVolumeClaim>;
}
