import type {
  CoreV1Event,
  EventsV1Event,
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1ConfigMap,
  V1CustomResourceDefinition,
  V1DaemonSet,
  V1Deployment,
  V1EndpointSlice,
  V1Lease,
  V1LimitRange,
  V1Namespace,
  V1NetworkPolicy,
  V1Node,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodDisruptionBudget,
  V1ResourceQuota,
  V1Role,
  V1RoleBinding,
  V1Secret,
  V1Service,
  V1ServiceAccount,
  V1StorageClass,
} from '@kubernetes/client-node';
import { defineResource, type KubeObject } from '../resource.ts';
import type { WireObject } from './wire.ts';

export type Pod = WireObject<V1Pod>;
export type PersistentVolumeClaim = WireObject<V1PersistentVolumeClaim>;
export type PersistentVolume = WireObject<V1PersistentVolume>;
export type ConfigMap = WireObject<V1ConfigMap>;
export type Secret = WireObject<V1Secret>;
export type Namespace = WireObject<V1Namespace>;
export type Node = WireObject<V1Node>;
export type Service = WireObject<V1Service>;
export type ServiceAccount = WireObject<V1ServiceAccount>;
export type CoreEvent = WireObject<CoreV1Event>;
export type ResourceQuota = WireObject<V1ResourceQuota>;
export type LimitRange = WireObject<V1LimitRange>;
export type Deployment = WireObject<V1Deployment>;
export type DaemonSet = WireObject<V1DaemonSet>;
export type NetworkPolicy = WireObject<V1NetworkPolicy>;
export type Lease = WireObject<V1Lease>;
export type StorageClass = WireObject<V1StorageClass>;
export type EndpointSlice = WireObject<V1EndpointSlice>;
export type PodDisruptionBudget = WireObject<V1PodDisruptionBudget>;
export type Event = WireObject<EventsV1Event>;
export type CustomResourceDefinition = WireObject<V1CustomResourceDefinition>;
export type Role = WireObject<V1Role>;
export type RoleBinding = WireObject<V1RoleBinding>;
export type ClusterRole = WireObject<V1ClusterRole>;
export type ClusterRoleBinding = WireObject<V1ClusterRoleBinding>;

export const core = {
  pods: namespaced<Pod>('', 'v1', 'Pod', 'pods'),
  persistentVolumeClaims: namespaced<PersistentVolumeClaim>(
    '',
    'v1',
    'PersistentVolumeClaim',
    'persistentvolumeclaims',
  ),
  persistentVolumes: clusterWide<PersistentVolume>('', 'v1', 'PersistentVolume', 'persistentvolumes'),
  configMaps: namespaced<ConfigMap>('', 'v1', 'ConfigMap', 'configmaps'),
  secrets: namespaced<Secret>('', 'v1', 'Secret', 'secrets'),
  namespaces: clusterWide<Namespace>('', 'v1', 'Namespace', 'namespaces'),
  nodes: clusterWide<Node>('', 'v1', 'Node', 'nodes'),
  services: namespaced<Service>('', 'v1', 'Service', 'services'),
  serviceAccounts: namespaced<ServiceAccount>('', 'v1', 'ServiceAccount', 'serviceaccounts'),
  events: namespaced<CoreEvent>('', 'v1', 'Event', 'events'),
  resourceQuotas: namespaced<ResourceQuota>('', 'v1', 'ResourceQuota', 'resourcequotas'),
  limitRanges: namespaced<LimitRange>('', 'v1', 'LimitRange', 'limitranges'),
};

export const apps = {
  deployments: namespaced<Deployment>('apps', 'v1', 'Deployment', 'deployments'),
  daemonSets: namespaced<DaemonSet>('apps', 'v1', 'DaemonSet', 'daemonsets'),
};

export const networking = {
  networkPolicies: namespaced<NetworkPolicy>('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies'),
};

export const coordination = {
  leases: namespaced<Lease>('coordination.k8s.io', 'v1', 'Lease', 'leases'),
};

export const storage = {
  storageClasses: clusterWide<StorageClass>('storage.k8s.io', 'v1', 'StorageClass', 'storageclasses'),
};

export const discovery = {
  endpointSlices: namespaced<EndpointSlice>('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices'),
};

export const policy = {
  podDisruptionBudgets: namespaced<PodDisruptionBudget>('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
};

export const events = {
  events: namespaced<Event>('events.k8s.io', 'v1', 'Event', 'events'),
};

export const apiextensions = {
  customResourceDefinitions: clusterWide<CustomResourceDefinition>(
    'apiextensions.k8s.io',
    'v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
  ),
};

export const rbac = {
  roles: namespaced<Role>('rbac.authorization.k8s.io', 'v1', 'Role', 'roles'),
  roleBindings: namespaced<RoleBinding>('rbac.authorization.k8s.io', 'v1', 'RoleBinding', 'rolebindings'),
  clusterRoles: clusterWide<ClusterRole>('rbac.authorization.k8s.io', 'v1', 'ClusterRole', 'clusterroles'),
  clusterRoleBindings: clusterWide<ClusterRoleBinding>(
    'rbac.authorization.k8s.io',
    'v1',
    'ClusterRoleBinding',
    'clusterrolebindings',
  ),
};

function namespaced<T extends KubeObject>(group: string, version: string, kind: string, plural: string) {
  return defineResource<T>({ group, version, kind, plural, namespaced: true });
}

function clusterWide<T extends KubeObject>(group: string, version: string, kind: string, plural: string) {
  return defineResource<T>({ group, version, kind, plural, namespaced: false });
}
