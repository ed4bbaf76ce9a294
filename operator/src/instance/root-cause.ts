import { reasons } from '@sandpiper/api';
import type { InstanceExit, ObservedInstance } from '@sandpiper/lifecycle';
import type { ContainerState, ContainerStatus, Pod } from '@sandpiper/kube';
import { sandboxContainer, sandboxStatusOf } from './container.ts';

type Trouble = NonNullable<ObservedInstance['trouble']>;

/** Reasons by which a kubelet says that it cannot get an image; it goes on trying by itself. */
const IMAGE_REASONS = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
]);
/** Reasons by which a kubelet says that the container cannot be made; it goes on trying as well. */
const CONFIG_REASONS = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError']);

/** Why a pod that should start does not get on, in the words of whoever stops it. Pure. */
export function troubleOf(pod: Pod): Trouble | undefined {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
    return { reason: reasons.Unschedulable, message: scheduled.message ?? 'No node has room for it.' };
  }
  const waiting = sandboxStatusOf(pod)?.state?.waiting;
  const image = pod.spec && sandboxContainer(pod.spec)?.image;
  if (waiting?.reason && IMAGE_REASONS.has(waiting.reason)) {
    return {
      reason: reasons.ImagePull,
      message: `The image ${image ?? ''} cannot be had: ${waiting.message ?? waiting.reason}`,
    };
  }
  if (waiting?.reason && CONFIG_REASONS.has(waiting.reason)) {
    return { reason: waiting.reason, message: waiting.message ?? waiting.reason };
  }
  return undefined;
}

/** The last end of the computer: of the pod when it has failed, else of its container before a restart. Pure. */
export function lastExitOf(pod: Pod): InstanceExit | undefined {
  const container = sandboxStatusOf(pod);
  const ended = container?.state?.terminated ?? container?.lastState?.terminated;
  if (pod.status?.phase === 'Failed' && pod.status.reason) {
    // Evicted, Preempting, NodeShutdown …: the kubelet's reason says more than the exit code of what it killed.
    const at = Date.parse(disruptedAt(pod) ?? ended?.finishedAt ?? pod.metadata.creationTimestamp ?? '');
    return {
      reason: DISPLACED[pod.status.reason] ?? pod.status.reason,
      message: pod.status.message ?? pod.status.reason,
      at,
    };
  }
  return ended && exitOf(pod, container, ended);
}

/** What a kubelet calls ends from outside, in the words of our conditions. */
const DISPLACED: Readonly<Record<string, string>> = {
  Preempting: reasons.Preempted,
  Terminated: reasons.NodeShutdown,
};

function exitOf(pod: Pod, container: ContainerStatus | undefined, ended: Terminated): InstanceExit {
  const reason = ended.reason ?? 'Error';
  return {
    reason,
    message: messageOf(pod, container, reason, ended),
    exitCode: ended.exitCode,
    at: Date.parse(ended.finishedAt ?? pod.metadata.creationTimestamp ?? ''),
  };
}

function messageOf(pod: Pod, container: ContainerStatus | undefined, reason: string, ended: Terminated): string {
  if (reason === 'OOMKilled') {
    const spec = pod.spec?.containers.find(({ name }) => name === container?.name);
    const limit = spec?.resources?.limits?.['memory'];
    return limit === undefined
      ? 'It used more memory than the node had.'
      : `It used more memory than its limit of ${limit}.`;
  }
  const words = ended.message?.trim();
  return words ? words : `It ended with exit code ${ended.exitCode.toString()}.`;
}

function disruptedAt(pod: Pod): string | undefined {
  return pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')?.lastTransitionTime;
}

type Terminated = NonNullable<ContainerState['terminated']>;
