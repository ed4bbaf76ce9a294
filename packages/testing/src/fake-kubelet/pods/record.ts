import type { Container, ContainerState, Pod } from '@sandpiper/kube';

/** What the kubelet knows of one container. */
export interface ContainerRecord {
  name: string;
  image: string;
  state: ContainerState;
  lastState?: ContainerState;
  /** Its startup probe has succeeded since it last started. */
  started: boolean;
  /** Its readiness probe succeeds. */
  ready: boolean;
  restartCount: number;
  containerId?: string;
}

/** What the kubelet knows of one pod; its status follows from it. */
export interface PodRecord {
  ip: string | undefined;
  hostIp: string;
  startTime: string;
  containers: ContainerRecord[];
  /** Set when the node has ended it, whatever its containers did. */
  failure?: { reason: string; message: string };
}

/** Takes up a pod: a new one, or one that another kubelet ran before. */
export function recordOf(pod: Pod, { hostIp, now }: { hostIp: string; now: string }): PodRecord {
  return {
    ip: pod.status?.podIP,
    hostIp,
    startTime: pod.status?.startTime ?? now,
    containers: (pod.spec?.containers ?? []).map((container) => containerRecordOf(container, pod)),
  };
}

function containerRecordOf({ name, image = '' }: Container, pod: Pod): ContainerRecord {
  const known = pod.status?.containerStatuses?.find((status) => status.name === name);
  const ran = known?.state?.running ?? known?.state?.terminated;
  return {
    name,
    image,
    state: { waiting: { reason: 'ContainerCreating' } },
    started: false,
    ready: false,
    // What ran before does not any more.
    restartCount: (known?.restartCount ?? 0) + (ran === undefined ? 0 : 1),
    ...(known?.lastState && { lastState: known.lastState }),
  };
}
