import type { KubeConfig } from '@kubernetes/client-node';
import type { CallOptions, KubeClient, KubeList, ListOptions, Patch, RawResponse, WatchEvent } from '../client.ts';
import { keyOf, type KubeObject, type ResourceType } from '../resource.ts';
import { guardWrites, keyOfNew, type BeforeWrite } from './guard-writes.ts';
import { errorOfAnswer, errorOfStatus, isNotFound, KubeError } from './kube-error.ts';
import { apiVersionOf, collectionPathOf, listQueryOf, pathOf, queryOf, watchQueryOf } from './paths.ts';
import { createTransport, type RequestReport, type TransportRequest } from './transport.ts';

export interface KubeClientOptions {
  /** What the server's audit log and metrics show. */
  userAgent?: string;
  /** Of a call, waiting for retries included; of a watch, until its head comes. */
  timeoutMs?: number;
  /** Calls in flight at once; more wait for their turn. Watches do not count. */
  maxConnections?: number;
  /** Told of each request, retries included, when it is over. Must not throw. */
  onRequest?: (report: RequestReport) => void;
  /** Called before each write; see `guardWrites`. */
  beforeWrite?: BeforeWrite;
}

/** Makes a client of the API server that the configuration's current context names. It connects when it is first used. */
export function createKubeClient(config: KubeConfig, options: KubeClientOptions = {}): KubeClient {
  const transport = createTransport(config, {
    userAgent: options.userAgent ?? 'sandpiper-kube',
    timeoutMs: options.timeoutMs ?? 30_000,
    maxConnections: options.maxConnections ?? 32,
    onRequest: options.onRequest,
  });

  const call = async (request: TransportRequest): Promise<unknown> => {
    const { status, headers, body } = await transport.send(request);
    if (status >= 400) throw errorOfAnswer(status, body, headers['retry-after']);
    return parse(body, request);
  };

  const list = async <T extends KubeObject>(type: ResourceType<T>, at: ListOptions = {}): Promise<KubeList<T>> => {
    const page = (await call({
      ...callOf(at),
      verb: 'list',
      resource: type.plural,
      method: 'GET',
      path: pathOf(type, at) + listQueryOf(at),
    })) as KubeList<T>;
    // Items of built-in types come without.
    const apiVersion = apiVersionOf(type);
    for (const item of page.items) {
      item.apiVersion = apiVersion;
      item.kind = type.kind;
    }
    return page;
  };

  const client: KubeClient = {
    get clockSkewMs() {
      return transport.clockSkewMs;
    },
    get: async (type, key, at = {}) =>
      orUndefined(
        call({ ...callOf(at), verb: 'get', resource: type.plural, method: 'GET', path: pathOf(type, key) }),
      ) as Promise<never>,
    list,
    async listAll<T extends KubeObject>(type: ResourceType<T>, at: ListOptions = {}) {
      let page = await list(type, { limit: 500, ...at });
      const items = page.items;
      while (page.metadata.continue) {
        page = await list(type, { limit: 500, ...at, continue: page.metadata.continue });
        for (const item of page.items) items.push(item);
      }
      return { ...page, items };
    },
    create: async (type, object, at = {}) =>
      call({
        ...callOf(at),
        verb: 'create',
        resource: type.plural,
        method: 'POST',
        path: collectionPathOf(type, object.metadata.namespace) + writeQueryOf(at),
        ...json(object),
      }) as Promise<never>,
    replace: async (type, object, at = {}) =>
      call({
        ...callOf(at),
        verb: 'update',
        resource: type.plural,
        subresource: at.subresource,
        method: 'PUT',
        path: pathOf(type, { ...keyOf(object), ...subresourceOf(at) }) + writeQueryOf(at),
        ...json(object),
      }) as Promise<never>,
    patch: async (type, key, patch, at = {}) =>
      call({
        ...callOf(at),
        verb: 'patch',
        resource: type.plural,
        subresource: at.subresource,
        method: 'PATCH',
        path: pathOf(type, { ...key, ...subresourceOf(at) }) + writeQueryOf(at),
        body: JSON.stringify(patch.body),
        contentType: PATCH_TYPES[patch.type],
      }) as Promise<never>,
    apply: async (type, object, at) =>
      call({
        ...callOf(at),
        verb: 'apply',
        resource: type.plural,
        subresource: at.subresource,
        method: 'PATCH',
        path:
          pathOf(type, { ...keyOfNew(object), ...subresourceOf(at) }) +
          queryOf({ fieldManager: at.fieldManager, force: at.force, dryRun: at.dryRun ? 'All' : undefined }),
        body: JSON.stringify(object),
        // JSON is YAML.
        contentType: 'application/apply-patch+yaml',
      }) as Promise<never>,
    async delete(type, key, at = {}) {
      const { preconditions, gracePeriodSeconds, propagationPolicy } = at;
      const how = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions, gracePeriodSeconds, propagationPolicy };
      const gone = await orUndefined(
        call({
          ...callOf(at),
          verb: 'delete',
          resource: type.plural,
          method: 'DELETE',
          path: pathOf(type, key),
          ...json(how),
        }),
      );
      return gone !== undefined;
    },
    async *watch<T extends KubeObject>(type: ResourceType<T>, at: Parameters<KubeClient['watch']>[1]) {
      const lines = await transport.lines({
        signal: at.signal,
        verb: 'watch',
        resource: type.plural,
        method: 'GET',
        path: pathOf(type, at) + watchQueryOf(at),
      });
      for await (const line of lines) yield eventOf<T>(line);
    },
    async request(path, init = {}) {
      const { status, headers, body } = await transport.send({
        ...callOf(init),
        verb: 'raw',
        method: init.method ?? 'GET',
        path,
        headers: init.headers,
        body: init.body,
      });
      const response: RawResponse = {
        status,
        headers,
        text: () => Promise.resolve(body),
        json: () => new Promise((resolve) => resolve(JSON.parse(body))),
      };
      return response;
    },
    close: () => transport.close(),
  };
  return options.beforeWrite ? guardWrites(client, options.beforeWrite) : client;
}

const PATCH_TYPES: Record<Patch['type'], string> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
};

function callOf({ signal, timeoutMs, beforeSend }: CallOptions) {
  return { signal, timeoutMs, beforeSend };
}

function json(body: object) {
  return { body: JSON.stringify(body), contentType: 'application/json' };
}

function subresourceOf({ subresource }: { subresource?: string }) {
  return subresource === undefined ? {} : { subresource };
}

function writeQueryOf({ dryRun, fieldManager }: { dryRun?: boolean; fieldManager?: string }): string {
  return queryOf({ dryRun: dryRun ? 'All' : undefined, fieldManager });
}

function parse(body: string, { method, path }: TransportRequest): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new KubeError(`The answer to ${method} ${path} is not JSON.`, { status: 0, reason: 'BadAnswer', cause });
  }
}

function eventOf<T extends KubeObject>(line: string): WatchEvent<T> {
  const event = parse(line, { method: 'GET', path: 'a watch', verb: 'watch' }) as
    WatchEvent<T> | { type: 'ERROR'; object: unknown };
  if (event.type === 'ERROR') throw errorOfStatus(event.object);
  return event;
}

async function orUndefined<A>(answer: Promise<A>): Promise<A | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
