export type * from './builtin/pod-parts.ts';
export type * from './builtin/resources.ts';
export {
  apiextensions,
  apps,
  coordination,
  core,
  discovery,
  events,
  networking,
  policy,
  rbac,
  storage,
} from './builtin/resources.ts';
export type { Wire, WireObject } from './builtin/wire.ts';
export { createInformer } from './cache/create-informer.ts';
export type * from './client.ts';
export type * from './controller.ts';
export { createController } from './controller/create-controller.ts';
export { createEventRecorder } from './events/event-recorder.ts';
export type { EventNote, EventRecorder, EventRecorderOptions } from './events/event-recorder.ts';
export { createExpectations, type Expectations } from './expectations/expectations.ts';
export { createKubeClient, type KubeClientOptions } from './http/create-kube-client.ts';
export { guardWrites, type BeforeWrite, type KubeWrite, type WriteGuard } from './http/guard-writes.ts';
export {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
  isTooManyRequests,
  isUnanswered,
  KubeError,
  type KubeErrorDetails,
} from './http/kube-error.ts';
export { loadKubeConfig, type KubeConfigSource } from './http/load-kube-config.ts';
export type { RequestReport } from './http/transport.ts';
export type * from './informer.ts';
export { createManager, type Manager, type ManagerOptions } from './manager/create-manager.ts';
export { createKubeMetrics, type KubeMetrics } from './metrics/kube-metrics.ts';
export { createLeaderElector, NotLeadingError } from './leader/leader-elector.ts';
export type { LeaderElector, LeaderElectorOptions } from './leader/leader-elector.ts';
export type { Log } from './log.ts';
export { defineResource, keyFromText, keyOf, keyText } from './resource.ts';
export type { KubeObject, ObjectKey, ObjectMetadata, OwnerReference, ResourceType } from './resource.ts';
export type { Change, Indexer, Store } from './store.ts';
