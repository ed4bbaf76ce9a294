import { API_VERSION, type Condition, labels, type Sandbox, sandboxName, sandboxSpec } from '@sandpiper/api';

/** When the sandboxes of tests were made. */
export const CREATED = '2026-01-01T00:00:00.000Z';

export interface SandboxParts {
  sessionId?: string;
  spec?: Partial<Sandbox['spec']>;
  status?: Sandbox['status'];
  annotations?: Record<string, string>;
  deletionTimestamp?: string;
  createdAt?: string;
}

/** A sandbox as a store holds it; nothing was done for it where the parts say nothing. */
export function aSandbox({ sessionId = 'one', spec, status, annotations, ...rest }: SandboxParts = {}): Sandbox {
  return {
    apiVersion: API_VERSION,
    kind: 'Sandbox',
    metadata: {
      name: sandboxName(sessionId),
      uid: `uid-of-${sessionId}`,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: rest.createdAt ?? CREATED,
      labels: { [labels.session]: sessionId },
      ...(annotations && { annotations }),
      ...(rest.deletionTimestamp !== undefined && { deletionTimestamp: rest.deletionTimestamp }),
    },
    spec: { ...sandboxSpec.parse({}), ...spec },
    ...(status && { status: { observedGeneration: 1, ...status } }),
  };
}

export function aCondition(type: string, status: 'True' | 'False', reason: string, message = ''): Condition {
  return { type, status, reason, message, lastTransitionTime: CREATED };
}

/** The status of a sandbox in which everything answers. */
export const READY: NonNullable<Sandbox['status']> = {
  conditions: [
    aCondition('Ready', 'True', 'Ready'),
    aCondition('ToolsReady', 'True', 'Ready'),
    aCondition('DesktopReady', 'True', 'Ready'),
  ],
  endpoint: { address: 'http://10.0.0.7:8080', uid: 'i-1' },
};
