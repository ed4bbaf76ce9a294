import type { ContainerStatus, PodCondition, PodSpec, PodStatus } from '@sandpiper/kube';
import type { ContainerRecord, PodRecord } from './record.ts';

type RestartPolicy = PodSpec['restartPolicy'];

export interface StatusRequest {
  record: PodRecord;
  spec: PodSpec;
  /** The status as it was last written: times of transition are kept where nothing changed. */
  before: PodStatus | undefined;
  /** RFC 3339, in seconds. */
  now: string;
}

/** The status that a kubelet would report, as a strategic merge patch: conditions of others stay. Pure. */
export function statusOf({ record, spec, before, now }: StatusRequest): PodStatus {
  const phase = phaseOf(record, spec.restartPolicy);
  const unready = record.containers.filter(({ ready }) => !ready).map(({ name }) => name);
  const isOver = phase === 'Failed' || phase === 'Succeeded';
  const isReady = !isOver && unready.length === 0;
  const notReady = isReady
    ? {}
    : phase === 'Succeeded'
      ? { reason: 'PodCompleted' }
      : phase === 'Failed'
        ? { reason: 'PodFailed' }
        : { reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` };
  const wanted: Omit<PodCondition, 'lastTransitionTime'>[] = [
    { type: 'PodReadyToStartContainers', status: truth(!isOver && record.ip !== undefined) },
    { type: 'Initialized', status: 'True', ...(phase === 'Succeeded' ? { reason: 'PodCompleted' } : {}) },
    { type: 'Ready', status: truth(isReady), ...notReady },
    { type: 'ContainersReady', status: truth(isReady), ...notReady },
    ...(record.failure === undefined
      ? []
      : [
          {
            type: 'DisruptionTarget',
            status: 'True',
            reason: 'TerminationByKubelet',
            message: record.failure.message,
          },
        ]),
  ];
  return {
    phase,
    ...(record.failure ?? {}),
    startTime: record.startTime,
    hostIP: record.hostIp,
    hostIPs: [{ ip: record.hostIp }],
    ...(record.ip === undefined ? {} : { podIP: record.ip, podIPs: [{ ip: record.ip }] }),
    conditions: wanted.map((condition) => ({
      ...condition,
      // A patch by key would leave these of an earlier transition in place.
      reason: condition.reason ?? (null as unknown as string),
      message: condition.message ?? (null as unknown as string),
      lastTransitionTime: transitionOf(condition, before) ?? now,
    })),
    containerStatuses: record.containers.map(containerStatusOf),
    ...(spec.initContainers === undefined
      ? {}
      : {
          initContainerStatuses: spec.initContainers.map(({ name, image = '' }) =>
            completed(name, image, record.startTime),
          ),
        }),
  };
}

function phaseOf({ failure, containers }: PodRecord, restartPolicy: RestartPolicy): string {
  if (failure !== undefined) return 'Failed';
  const ended = containers.map(({ state }) => state.terminated);
  const isOver = (exit: (typeof ended)[number]): boolean => exit !== undefined && !isRestarted(exit, restartPolicy);
  if (ended.length > 0 && ended.every(isOver)) {
    return ended.every((exit) => exit?.exitCode === 0) ? 'Succeeded' : 'Failed';
  }
  const hasRun = containers.every(({ state, restartCount }) => state.waiting === undefined || restartCount > 0);
  return hasRun ? 'Running' : 'Pending';
}

/** Whether a kubelet starts a container again that has ended so. */
export function isRestarted({ exitCode }: { exitCode: number }, restartPolicy: RestartPolicy = 'Always'): boolean {
  return restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && exitCode !== 0);
}

function containerStatusOf(container: ContainerRecord): ContainerStatus {
  const { name, image, state, lastState, started, ready, restartCount, containerId } = container;
  return {
    name,
    image,
    imageID: containerId === undefined ? '' : imageId(image),
    ...(containerId === undefined ? {} : { containerID: containerId }),
    ready,
    started,
    restartCount,
    state,
    lastState: lastState ?? {},
  };
}

function completed(name: string, image: string, at: string): ContainerStatus {
  const terminated = { exitCode: 0, reason: 'Completed', startedAt: at, finishedAt: at };
  return { name, image, imageID: imageId(image), ready: true, started: false, restartCount: 0, state: { terminated } };
}

function transitionOf(wanted: Omit<PodCondition, 'lastTransitionTime'>, before: PodStatus | undefined) {
  const known = before?.conditions?.find(({ type }) => type === wanted.type);
  return known?.status === wanted.status ? known.lastTransitionTime : undefined;
}

const imageId = (image: string): string => `fake/${image}@sha256:${'0'.repeat(64)}`;
const truth = (value: boolean): 'True' | 'False' => (value ? 'True' : 'False');
