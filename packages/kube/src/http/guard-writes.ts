import type { KubeClient } from '../client.ts';
import { keyOf, type KubeObject, type ObjectKey, type ResourceType } from '../resource.ts';

/** A write that is about to be sent. */
export interface KubeWrite {
  verb: 'create' | 'update' | 'patch' | 'apply' | 'delete' | 'raw';
  /** Undefined for a raw path. */
  type: ResourceType | undefined;
  /** Of a new object without name: an empty name. Of a raw path: the path as name. */
  key: ObjectKey;
  subresource: string | undefined;
  /** The object, the patch or nothing. */
  body: unknown;
}

/** Called before a write is sent. When it throws, nothing is sent and the write fails with what was thrown. */
export type BeforeWrite = (write: KubeWrite) => void | Promise<void>;

/**
 * The same client with a gate before each write; reads and dry runs pass. For what must be true at every write (still leader), and for
 * tests that fail or die between two of them.
 */
export function guardWrites(client: KubeClient, beforeWrite: BeforeWrite): KubeClient {
  const gate = async (
    verb: KubeWrite['verb'],
    type: ResourceType | undefined,
    key: ObjectKey,
    body: unknown,
    { subresource, dryRun }: { subresource?: string; dryRun?: boolean } = {},
  ): Promise<void> => {
    if (!dryRun) await beforeWrite({ verb, type, key, subresource, body });
  };
  return {
    get clockSkewMs() {
      return client.clockSkewMs;
    },
    get: (...call) => client.get(...call),
    list: (...call) => client.list(...call),
    listAll: (...call) => client.listAll(...call),
    watch: (...call) => client.watch(...call),
    async create(type, object, options) {
      await gate('create', type, keyOfNew(object), object, options);
      return client.create(type, object, options);
    },
    async replace<T extends KubeObject>(
      type: ResourceType<T>,
      object: T,
      options?: Parameters<KubeClient['replace']>[2],
    ) {
      await gate('update', type, keyOf(object), object, options);
      return client.replace(type, object, options);
    },
    async patch(type, key, patch, options) {
      await gate('patch', type, key, patch, options);
      return client.patch(type, key, patch, options);
    },
    async apply(type, object, options) {
      await gate('apply', type, keyOfNew(object), object, options);
      return client.apply(type, object, options);
    },
    async delete(type, key, options) {
      await gate('delete', type, key, undefined);
      return client.delete(type, key, options);
    },
    async request(path, init = {}) {
      const method = init.method ?? 'GET';
      if (method !== 'GET' && method !== 'HEAD') {
        await gate('raw', undefined, { namespace: '', name: path }, init.body);
      }
      return client.request(path, init);
    },
    close: () => client.close(),
  };
}

/** The key under which a new object is asked for; its name is empty when the server is to choose it. */
export function keyOfNew({
  metadata,
}: {
  metadata: { namespace?: string | undefined; name?: string | undefined };
}): ObjectKey {
  return { namespace: metadata.namespace ?? '', name: metadata.name ?? '' };
}
