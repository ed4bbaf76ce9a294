import type { Container, EnvVar, Pod } from '@sandpiper/kube';

export interface EnvironmentRequest {
  pod: Pod;
  address: string;
  container: Container;
  /** Folders of volumes by their names. */
  folders: ReadonlyMap<string, string>;
}

/**
 * The environment that a kubelet would give a container: values, fields of the pod, `$(NAME)` of what came before. Paths
 * below a mount become paths below the folder that stands for it. Pure.
 */
export function environmentOf({ pod, address, container, folders }: EnvironmentRequest): Record<string, string> {
  const env: Record<string, string> = {};
  for (const variable of container.env ?? []) {
    const value = valueOf(variable, pod, address) ?? '';
    const expanded = value.replaceAll(/\$\(([A-Za-z_][A-Za-z0-9_]*)\)/g, (text, name: string) => env[name] ?? text);
    env[variable.name] = rooted(expanded, container, folders);
  }
  return env;
}

function valueOf({ value, valueFrom }: EnvVar, pod: Pod, address: string): string | undefined {
  switch (valueFrom?.fieldRef?.fieldPath) {
    case undefined:
      return value;
    case 'metadata.uid':
      return pod.metadata.uid;
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace;
    case 'spec.nodeName':
      return pod.spec?.nodeName;
    case 'status.podIP':
      return address;
    default:
      return undefined;
  }
}

function rooted(value: string, { volumeMounts = [] }: Container, folders: ReadonlyMap<string, string>): string {
  for (const { name, mountPath } of volumeMounts) {
    const folder = folders.get(name);
    if (folder !== undefined && (value === mountPath || value.startsWith(`${mountPath}/`))) {
      return folder + value.slice(mountPath.length);
    }
  }
  return value;
}
