export type * from './client.ts';
export type * from './controller.ts';
export type * from './informer.ts';
export { defineResource, keyOf, keyText } from './resource.ts';
export type { KubeObject, ObjectKey, ObjectMetadata, OwnerReference, ResourceType } from './resource.ts';
export type { Change, Indexer, Store } from './store.ts';
