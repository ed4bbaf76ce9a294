import type { SandboxTemplate } from '@sandpiper/api';
import type { Container, Pod, PodSpec } from '@sandpiper/kube';

/** Name of the container that runs tool-api; in a pod with one container any name does. */
export const SANDBOX_CONTAINER = 'sandbox';
/** Name of the port on which tool-api listens. */
const TOOLS_PORT = 'tools';
const DEFAULT_PORT = 8080;

/** The container of a pod that is the computer; undefined when no container has the name and there are several. */
export function sandboxContainer(spec: Pick<PodSpec, 'containers'>): Container | undefined {
  return spec.containers.find(({ name }) => name === SANDBOX_CONTAINER) ?? only(spec.containers);
}

export function toolsPort(container: Container | undefined): number {
  return container?.ports?.find(({ name }) => name === TOOLS_PORT)?.containerPort ?? DEFAULT_PORT;
}

/** The pod spec of a template as it was written; undefined for one that is made for a single host. */
export function templatePodSpec({ spec }: SandboxTemplate): PodSpec | undefined {
  return spec.podTemplate?.spec;
}

/** The status of the container that is the computer. */
export function sandboxStatusOf(pod: Pod) {
  const name = pod.spec && sandboxContainer(pod.spec)?.name;
  return pod.status?.containerStatuses?.find((status) => status.name === name);
}

function only<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}
