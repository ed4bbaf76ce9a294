import {
  annotations,
  API_VERSION,
  labels,
  type SandboxPool,
  sandboxPoolSpec,
  type SandboxTemplate,
  sandboxTemplateSpec,
} from '@sandpiper/api';
import type { Pod } from '@sandpiper/kube';
import type { z } from 'zod';

/** When the objects of tests were made. */
export const CREATED = '2026-01-01T00:00:00Z';

export function aTemplate(spec: Partial<z.input<typeof sandboxTemplateSpec>> = {}, name = 'default'): SandboxTemplate {
  return {
    apiVersion: API_VERSION,
    kind: 'SandboxTemplate',
    metadata: metadata(name, 't-1'),
    spec: sandboxTemplateSpec.parse({
      podTemplate: { spec: { containers: [{ name: 'sandbox', image: 'example/sandbox:1' }] } },
      ...spec,
    }),
  };
}

export function aPool(spec: Partial<z.input<typeof sandboxPoolSpec>> = {}): SandboxPool {
  return {
    apiVersion: API_VERSION,
    kind: 'SandboxPool',
    metadata: metadata('warm', 'p-1'),
    spec: sandboxPoolSpec.parse({ templateRef: { name: 'default' }, ...spec }),
  };
}

/** A ready pod of the pool `warm`, as the API server would tell of it. */
export function aPod(change: (pod: Pod) => void = () => undefined): Pod {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata('warm-1', 'pod-1'),
      labels: { [labels.component]: 'sandbox', [labels.template]: 'default', [labels.pool]: 'warm' },
      annotations: { [annotations.templateHash]: 'abc' },
      ownerReferences: [{ apiVersion: API_VERSION, kind: 'SandboxPool', name: 'warm', uid: 'p-1', controller: true }],
    },
    spec: {
      nodeName: 'node-1',
      containers: [
        {
          name: 'sandbox',
          image: 'example/sandbox:1',
          env: [{ name: 'SANDPIPER_DISPLAY_SIZE', value: '1280x800' }],
          resources: { limits: { memory: '2Gi' } },
        },
      ],
    },
    status: {
      phase: 'Running',
      podIP: '10.0.0.7',
      conditions: [
        { type: 'PodScheduled', status: 'True' },
        { type: 'Ready', status: 'True' },
      ],
      containerStatuses: [
        {
          name: 'sandbox',
          image: 'example/sandbox:1',
          imageID: '',
          ready: true,
          started: true,
          restartCount: 0,
          state: { running: { startedAt: '2026-01-01T00:00:02Z' } },
        },
      ],
    },
  };
  change(pod);
  return pod;
}

function metadata(name: string, uid: string) {
  return {
    name,
    namespace: 'sandboxes',
    uid,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: CREATED,
  };
}
