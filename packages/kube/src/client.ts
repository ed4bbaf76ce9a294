import type { KubeObject, ObjectKey, ResourceType } from './resource.ts';

/** Plain calls to one API server. Every method rejects with a `KubeError` when the server refuses, and honours `signal`. */
export interface KubeClient {
  /** The server's clock minus ours, in ms, smoothed over the answers; undefined before the first. */
  readonly clockSkewMs: number | undefined;
  /** Undefined when there is none. */
  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options?: CallOptions): Promise<T | undefined>;
  /** One page; `metadata.continue` names the next. */
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<KubeList<T>>;
  /** All pages. */
  listAll<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<KubeList<T>>;
  create<T extends KubeObject>(type: ResourceType<T>, object: NewObject<T>, options?: WriteOptions): Promise<T>;
  /** Replaces the whole object, guarded by the resourceVersion it carries. */
  replace<T extends KubeObject>(type: ResourceType<T>, object: T, options?: SubresourceOptions): Promise<T>;
  /** `merge` is RFC 7386, `json` RFC 6902, `strategic` for built-in types only. */
  patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options?: SubresourceOptions,
  ): Promise<T>;
  /** Server-side apply as `fieldManager`. */
  apply<T extends KubeObject>(type: ResourceType<T>, object: NewObject<T>, options: ApplyOptions): Promise<T>;
  /** False when there was none. A failed precondition rejects with 409. */
  delete(type: ResourceType, key: ObjectKey, options?: DeleteOptions): Promise<boolean>;
  /**
   * Raw events of one watch request, until the server ends it. A cut stream or an `ERROR` event rejects with a KubeError (`isGone` when
   * the version is no longer kept), an abort with the signal's reason. Silence does not end it: see `Informer`.
   */
  watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** Any path of the API server with this client's credentials, e.g. a pod's proxy. Resolves with the whole answer, whatever its status. */
  request(path: string, init?: RawRequest): Promise<RawResponse>;
  close(): Promise<void>;
}

/** An object that the server is to complete: it has no uid, version or status yet. */
export type NewObject<T extends KubeObject> = Omit<T, 'metadata' | 'status'> & {
  metadata: Partial<T['metadata']> & { name?: string; generateName?: string };
  status?: unknown;
};

export interface KubeList<T extends KubeObject> {
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: T[];
}

export interface CallOptions {
  signal?: AbortSignal;
  timeoutMs?: number;
  /**
   * Called when a connection is there and the next thing is to send, and again before each retry. When it throws, nothing is sent, and the
   * call fails with what was thrown.
   */
  beforeSend?: () => void;
}

export interface ListOptions extends CallOptions {
  /** All namespaces when left out. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  continue?: string;
  /** `0` may be served from the server's cache; left out, the answer is as fresh as can be. */
  resourceVersion?: string;
}

export interface WatchOptions extends Omit<ListOptions, 'limit' | 'continue' | 'timeoutMs' | 'beforeSend'> {
  resourceVersion: string;
  /** The server ends the watch after this long. */
  timeoutSeconds?: number;
}

export type WatchEvent<T extends KubeObject> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  | { type: 'BOOKMARK'; object: { metadata: { resourceVersion: string } } };

export interface WriteOptions extends CallOptions {
  dryRun?: boolean;
  fieldManager?: string;
}

export interface SubresourceOptions extends WriteOptions {
  subresource?: 'status' | 'scale' | 'binding' | 'eviction';
}

export interface ApplyOptions extends SubresourceOptions {
  fieldManager: string;
  /** Takes fields over from other managers. */
  force?: boolean;
}

export interface DeleteOptions extends CallOptions {
  preconditions?: { uid?: string; resourceVersion?: string };
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

export type Patch =
  { type: 'merge' | 'strategic'; body: object } | { type: 'json'; body: readonly JsonPatchOperation[] };

export type JsonPatchOperation =
  { op: 'add' | 'replace' | 'test'; path: string; value: unknown } | { op: 'remove'; path: string };

export interface RawRequest extends CallOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

export interface RawResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text(): Promise<string>;
  json(): Promise<unknown>;
}
