import { annotations, labels } from '@sandpiper/api';
import type { ObservedInstance } from '@sandpiper/lifecycle';
import type { Node, Pod } from '@sandpiper/kube';
import { controllerOf } from '../ownership.ts';
import { sandboxContainer, sandboxStatusOf, toolsPort } from './container.ts';
import { lastExitOf, troubleOf } from './root-cause.ts';

/**
 * Reads off a pod what a decision needs. Pure. Readiness is the kubelet's word: its startup probe found tool-api, its
 * readiness probe the desktop.
 *
 * @param node  the pod's node, where it is known
 */
export function observedInstance(pod: Pod, node: Node | undefined): ObservedInstance {
  const { metadata, spec, status } = pod;
  const container = sandboxStatusOf(pod);
  const isRunning = status?.phase === 'Running' && container?.state?.running !== undefined;
  const hasEnded = status?.phase === 'Failed' || status?.phase === 'Succeeded';
  const isReady = isTrue(pod, 'Ready');
  const address = addressOf(pod);
  const trouble = hasEnded ? undefined : troubleOf(pod);
  const lastExit = lastExitOf(pod);
  const workspace = claimNameOf(pod);
  const runningSince = container?.state?.running?.startedAt;
  const hash = metadata.annotations?.[annotations.templateHash];
  return {
    uid: metadata.uid ?? '',
    ownerUid: controllerOf(pod)?.uid,
    workspace,
    address,
    pod: metadata.name,
    ...(spec?.nodeName && { node: spec.nodeName }),
    state: hasEnded ? 'Failed' : isRunning || hasRestarted(container) ? 'Running' : 'Pending',
    terminating: metadata.deletionTimestamp !== undefined,
    warm: metadata.labels?.[labels.pool] !== undefined,
    createdAt: Date.parse(metadata.creationTimestamp ?? ''),
    ...(runningSince !== undefined && { runningSince: Date.parse(runningSince) }),
    scheduled: isTrue(pod, 'PodScheduled'),
    toolsReady: isRunning && container.started === true && address !== undefined,
    desktop: hasDesktop(pod) ? (isReady ? 'ready' : 'starting') : 'off',
    restarts: container?.restartCount ?? 0,
    ...(lastExit && { lastExit }),
    ...(trouble && { trouble }),
    ...(node && isSilent(node) && { nodeLost: true }),
    ...(hash !== undefined && { templateHash: hash }),
  };
}

/** Where tool-api of a pod listens: `http://10.0.0.7:8080`; undefined while it has no address. */
export function addressOf({ spec, status }: Pod): string | undefined {
  if (!status?.podIP || !spec) return undefined;
  const host = status.podIP.includes(':') ? `[${status.podIP}]` : status.podIP;
  return `http://${host}:${toolsPort(sandboxContainer(spec)).toString()}`;
}

/** Name of the claim that holds the workspace; undefined for a home that ends with the pod. */
export function claimNameOf({ spec }: Pod): string | undefined {
  return spec?.volumes?.find(({ name }) => name === 'sandpiper-workspace')?.persistentVolumeClaim?.claimName;
}

/** Pixels of the desktop that a pod was made with; undefined for a pod that is no computer. */
export function displayOf(pod: Pod): { width: number; height: number } | undefined {
  const [width, height] = (variable(pod, 'SANDPIPER_DISPLAY_SIZE') ?? '').split('x').map(Number);
  return width && height ? { width, height } : undefined;
}

function hasDesktop(pod: Pod): boolean {
  return variable(pod, 'SANDPIPER_DESKTOP') !== 'false';
}

function variable({ spec }: Pod, name: string): string | undefined {
  const env = spec && sandboxContainer(spec)?.env;
  return env?.findLast((each) => each.name === name)?.value;
}

export function isTrue({ status }: Pod, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}

/** The node controller has not heard of it for longer than it waits (40 s by default). */
function isSilent({ status }: Node): boolean {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'Unknown';
}

function hasRestarted(container: ReturnType<typeof sandboxStatusOf>): boolean {
  return (container?.restartCount ?? 0) > 0;
}
