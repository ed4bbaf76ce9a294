import { labels, resources, type Sandbox, type SandboxPool, type SandboxTemplate } from '@sandpiper/api';
import { defineResource } from '@sandpiper/kube';

export const sandboxes = defineResource<Sandbox>(resources.sandbox);
export const sandboxPools = defineResource<SandboxPool>(resources.sandboxPool);
export const sandboxTemplates = defineResource<SandboxTemplate>(resources.sandboxTemplate);

/** With or without a PersistentVolumeClaim for the workspace; the name of the template and of its pool. */
export type Kind = 'bare' | 'disk';
export const NAME_OF: Record<Kind, string> = { bare: 'without PVC', disk: 'with PVC' };

const API = 'sandpiper.dev/v1alpha1';

/** As small as templates get: what is measured is the way to a computer, not the computer. */
export function templateOf(kind: Kind, namespace: string) {
  return {
    apiVersion: API,
    kind: 'SandboxTemplate',
    metadata: { name: kind, namespace },
    spec: {
      desktop: false,
      ...(kind === 'disk' && { workspace: { size: '1Gi' } }),
      podTemplate: { spec: { containers: [{ name: 'sandbox', image: 'example.com/sandbox:1' }] } },
      // Nobody answers in these pods whether they are idle.
      defaults: { lifetime: { idleTimeout: '24h' } },
    },
  };
}

export function poolOf(kind: Kind, namespace: string, replicas: number) {
  return {
    apiVersion: API,
    kind: 'SandboxPool',
    metadata: { name: kind, namespace },
    spec: { templateRef: { name: kind }, replicas, refill: REFILL.fast },
  };
}

/** How fast a pool is filled: as quickly as can be before measuring, and then as by default. */
export const REFILL = { fast: { burst: 100, perSecond: 200 }, byDefault: { burst: 5, perSecond: 2 } };

export function sandboxOf(name: string, namespace: string, spec: object) {
  return {
    apiVersion: API,
    kind: 'Sandbox',
    metadata: { name, namespace, labels: { [labels.session]: name } },
    spec,
  };
}
