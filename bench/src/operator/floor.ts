import type { Sandbox } from '@sandpiper/api';
import { core, type KubeClient, type Pod } from '@sandpiper/kube';
import type { Claim, Claimer } from './claims.ts';
import { inParallel, isReady } from './claims.ts';
import { sandboxes, sandboxOf } from './resources.ts';

/**
 * What a warm claim costs at the least: the same three writes and the same watch, without anybody who reconciles. A client
 * creates the sandbox, another that knows it already gives it a pod and writes its status.
 */
export interface Floor {
  claim(name: string): Promise<Claim>;
}

/**
 * @param claimer  of a namespace where no operator works
 * @param hands  the client that does the operator's two writes
 * @param prefix  of the names of the pods that are made ready for it
 */
export async function preparedFloor(
  claimer: Claimer,
  hands: KubeClient,
  prefix: string,
  count: number,
): Promise<Floor> {
  const { namespace } = claimer;
  const pods = await inParallel(count, 16, (index) => hands.create(core.pods, podOf(`${prefix}-${index}`, namespace)));
  return {
    async claim(name) {
      const pod = pods.pop();
      if (!pod) throw new Error('The floor has no pod left.');
      const ready = claimer.until(name, isReady);
      const startedAt = performance.now();
      const made = await claimer.client.create(sandboxes, sandboxOf(name, namespace, {}) as never);
      const createdMs = performance.now() - startedAt;
      await hands.patch(
        core.pods,
        { namespace, name: pod.metadata.name },
        { type: 'merge', body: ownership(pod, made) },
      );
      await hands.replace(sandboxes, { ...made, status: STATUS }, { subresource: 'status' });
      await ready;
      return { createdMs, readyMs: performance.now() - startedAt };
    },
  };
}

function podOf(name: string, namespace: string): Pod {
  const containers = [{ name: 'sandbox', image: 'example.com/sandbox:1' }];
  // Of a scheduler that does not exist: nobody touches it.
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { schedulerName: 'nobody', containers },
  };
}

function ownership({ metadata }: Pod, owner: Sandbox): object {
  const { apiVersion, kind, metadata: of } = owner;
  return {
    metadata: {
      resourceVersion: metadata.resourceVersion,
      ownerReferences: [{ apiVersion, kind, name: of.name, uid: of.uid, controller: true }],
      labels: { 'sandpiper.dev/sandbox': of.name },
    },
  };
}

const STATUS = {
  observedGeneration: 1,
  conditions: ['Ready', 'PodScheduled', 'ToolsReady'].map((type) => ({
    type,
    status: 'True',
    reason: 'Ready',
    message: '',
    observedGeneration: 1,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  })),
} as Sandbox['status'] & object;
