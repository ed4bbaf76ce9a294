import { annotations, labels, type SandboxTemplate } from '@sandpiper/api';
import type {
  Container,
  EnvVar,
  NewObject,
  OwnerReference,
  Pod,
  PodSpec,
  Probe,
  Volume,
  VolumeMount,
} from '@sandpiper/kube';
import { sandboxContainer, templatePodSpec, toolsPort } from './container.ts';

export interface PodRequest {
  template: SandboxTemplate;
  templateHash: string;
  namespace: string;
  /** A fixed name is a fence: the API server lets only one pod have it. */
  name: string;
  owner: OwnerReference;
  /** Labels that say whose it is, beside those of every pod of a sandbox. */
  labels: Record<string, string>;
  /** Pixels. */
  display: { width: number; height: number };
  /** Name of its PersistentVolumeClaim; without one its home ends with it. */
  claimName: string | undefined;
}

/** Where things are in a sandbox; tool-api's defaults. */
const PATHS = { workspace: '/home/agent', keys: '/etc/sandpiper/keys', run: '/run/sandpiper', scratch: '/tmp' };
/** The user that images run as: nobody's account, and the same everywhere, so that a workspace keeps its owner. */
const USER = 1000;
/** ConfigMap in the namespace of the sandboxes that holds the public keys. */
export const KEYS_CONFIG_MAP = 'sandpiper-keys';

/**
 * The pod of one computer: the template's, with what makes it ours. Pure.
 *
 * What the template leaves out is filled in so that the pod passes PodSecurity *restricted*; what it says otherwise
 * stands, for the namespace's own admission to judge. Identity and confinement are never the template's to change: no
 * service-account token, no service links, uid and keys by the kubelet.
 */
export function podFor(request: PodRequest): NewObject<Pod> {
  const { template, namespace, name, owner } = request;
  const declared = template.spec.podTemplate?.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: {
        ...declared?.labels,
        ...request.labels,
        [labels.component]: 'sandbox',
        [labels.template]: template.metadata.name,
      },
      annotations: { ...declared?.annotations, [annotations.templateHash]: request.templateHash },
      ownerReferences: [owner],
    },
    spec: podSpec(request),
  };
}

function podSpec({ template, display, claimName }: PodRequest): PodSpec {
  const base = templatePodSpec(template) ?? { containers: [] };
  const container = sandboxContainer(base);
  const volumes: Volume[] = [
    { name: 'sandpiper-keys', configMap: { name: KEYS_CONFIG_MAP, optional: true } },
    claimName === undefined
      ? { name: 'sandpiper-workspace', emptyDir: {} }
      : { name: 'sandpiper-workspace', persistentVolumeClaim: { claimName } },
    { name: 'sandpiper-run', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
    { name: 'sandpiper-scratch', emptyDir: {} },
  ];
  return {
    ...base,
    restartPolicy: 'Always',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: base.terminationGracePeriodSeconds ?? 5,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
      ...base.securityContext,
    },
    containers: base.containers.map((each) =>
      each === container ? computer(each, template, display) : hardened(each),
    ),
    volumes: [...(base.volumes ?? []), ...volumes],
  };
}

function computer(container: Container, { spec }: SandboxTemplate, display: PodRequest['display']): Container {
  const port = toolsPort(container);
  const given = hardened(container);
  return {
    ...given,
    ports: container.ports ?? [{ name: 'tools', containerPort: port, protocol: 'TCP' }],
    // Ours come last: of two variables with one name the later counts.
    env: [...(container.env ?? []), ...environment(port, spec.desktop, display)],
    volumeMounts: [
      ...(container.volumeMounts ?? []).filter(({ mountPath }) => mountPath !== PATHS.keys),
      { name: 'sandpiper-keys', mountPath: PATHS.keys, readOnly: true },
      ...missing(container, [
        { name: 'sandpiper-workspace', mountPath: PATHS.workspace },
        { name: 'sandpiper-run', mountPath: PATHS.run },
        { name: 'sandpiper-scratch', mountPath: PATHS.scratch },
      ]),
    ],
    startupProbe: container.startupProbe ?? probe('/healthz', port, { periodSeconds: 1, failureThreshold: 120 }),
    readinessProbe: container.readinessProbe ?? probe('/readyz', port, { periodSeconds: 1, failureThreshold: 3 }),
    livenessProbe: container.livenessProbe ?? probe('/healthz', port, { periodSeconds: 10, failureThreshold: 6 }),
  };
}

/** Mounts at places where the template mounts nothing of its own. */
function missing(container: Container, mounts: VolumeMount[]): VolumeMount[] {
  const taken = new Set(container.volumeMounts?.map(({ mountPath }) => mountPath));
  return mounts.filter(({ mountPath }) => !taken.has(mountPath));
}

function environment(port: number, desktop: boolean, display: PodRequest['display']): EnvVar[] {
  return [
    { name: 'SANDPIPER_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
    { name: 'SANDPIPER_POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    { name: 'SANDPIPER_LISTEN', value: `tcp:$(SANDPIPER_POD_IP):${port.toString()}` },
    { name: 'SANDPIPER_KEYS_DIR', value: PATHS.keys },
    { name: 'SANDPIPER_WORKSPACE', value: PATHS.workspace },
    { name: 'SANDPIPER_RUN_DIR', value: PATHS.run },
    { name: 'SANDPIPER_SCRATCH', value: PATHS.scratch },
    { name: 'SANDPIPER_DESKTOP', value: String(desktop) },
    { name: 'SANDPIPER_DISPLAY_SIZE', value: `${display.width.toString()}x${display.height.toString()}` },
  ];
}

function hardened(container: Container): Container {
  return {
    ...container,
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      ...container.securityContext,
    },
  };
}

function probe(path: string, port: number, rest: Partial<Probe>): Probe {
  return { httpGet: { path, port, scheme: 'HTTP' }, timeoutSeconds: 2, ...rest };
}
