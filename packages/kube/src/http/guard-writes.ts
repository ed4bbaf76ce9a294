import type { KubeClient, SubresourceOptions, WriteOptions } from '../client.ts';
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

export interface WriteGuard {
  /** Once for each write. */
  beforeWrite?: BeforeWrite;
  /** See `CallOptions.beforeSend`: for what may cease to be true while a write waits for a connection or before it is tried again. */
  beforeSend?: () => void;
}

/**
 * The same client with a gate before each write; reads and dry runs pass. For what must be true at every write (still leader), and for
 * tests that fail or die between two of them.
 *
 * @param guard  a function is a `beforeWrite`
 */
export function guardWrites(client: KubeClient, guard: BeforeWrite | WriteGuard): KubeClient {
  const { beforeWrite, beforeSend } = typeof guard === 'function' ? { beforeWrite: guard } : guard;

  /** The options with which the write may go on. */
  const pass = async <Options extends WriteOptions>(
    verb: KubeWrite['verb'],
    type: ResourceType | undefined,
    key: ObjectKey,
    body: unknown,
    options?: Options,
  ): Promise<Options> => {
    const given = options ?? ({} as Options);
    if (given.dryRun) return given;
    const { subresource } = given as SubresourceOptions;
    await beforeWrite?.({ verb, type, key, subresource, body });
    return beforeSend ? { ...given, beforeSend: both(given.beforeSend, beforeSend) } : given;
  };

  return {
    get clockSkewMs() {
      return client.clockSkewMs;
    },
    get: (...call) => client.get(...call),
    list: (...call) => client.list(...call),
    listAll: (...call) => client.listAll(...call),
    watch: (...call) => client.watch(...call),
    create: async (type, object, options) =>
      client.create(type, object, await pass('create', type, keyOfNew(object), object, options)),
    replace: async <T extends KubeObject>(type: ResourceType<T>, object: T, options?: SubresourceOptions) =>
      client.replace(type, object, await pass('update', type, keyOf(object), object, options)),
    patch: async (type, key, patch, options) =>
      client.patch(type, key, patch, await pass('patch', type, key, patch, options)),
    apply: async (type, object, options) =>
      client.apply(type, object, await pass('apply', type, keyOfNew(object), object, options)),
    delete: async (type, key, options) => client.delete(type, key, await pass('delete', type, key, undefined, options)),
    async request(path, init = {}) {
      const method = init.method ?? 'GET';
      if (method === 'GET' || method === 'HEAD') return client.request(path, init);
      return client.request(path, await pass('raw', undefined, { namespace: '', name: path }, init.body, init));
    },
    close: () => client.close(),
  };
}

function both(first: (() => void) | undefined, second: () => void): () => void {
  return () => {
    first?.();
    second();
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
