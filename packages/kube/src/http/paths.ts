import type { ListOptions, WatchOptions } from '../client.ts';
import type { KubeObject, ResourceType } from '../resource.ts';

/** The path of a collection, or with `name` of an object, or with `subresource` below it. */
export function pathOf(type: ResourceType, at: { namespace?: string; name?: string; subresource?: string }): string {
  const { namespace = '', name, subresource } = at;
  if (name === '') throw new TypeError(`A ${type.kind} has a name.`);
  if (name !== undefined && type.namespaced && namespace === '') {
    throw new TypeError(`${type.kind} ${name} lives in a namespace, and none is given.`);
  }
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const where = type.namespaced && namespace !== '' ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const which = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${root}${where}/${type.plural}${which}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** Where new objects go. */
export function collectionPathOf(type: ResourceType, namespace: string | undefined): string {
  if (type.namespaced && !namespace) throw new TypeError(`A new ${type.kind} needs a namespace.`);
  return pathOf(type, { ...(namespace !== undefined && { namespace }) });
}

/** `apiVersion` as objects of this type carry it. */
export function apiVersionOf<T extends KubeObject>({ group, version }: ResourceType<T>): string {
  return group === '' ? version : `${group}/${version}`;
}

/** A query with its question mark, or nothing. Undefined and empty values are left out. */
export function queryOf(values: Record<string, string | number | boolean | undefined>): string {
  let query = '';
  for (const name in values) {
    const value = values[name];
    if (value === undefined || value === '') continue;
    query += `${query === '' ? '?' : '&'}${name}=${encodeURIComponent(value)}`;
  }
  return query;
}

export function listQueryOf({ labelSelector, fieldSelector, limit, continue: token, resourceVersion }: ListOptions) {
  // A page that continues another is of that one's version; naming both is refused.
  const version = token ? undefined : resourceVersion;
  return queryOf({ labelSelector, fieldSelector, limit, continue: token, resourceVersion: version });
}

export function watchQueryOf({ labelSelector, fieldSelector, resourceVersion, timeoutSeconds }: WatchOptions): string {
  return queryOf({
    watch: 1,
    allowWatchBookmarks: true,
    labelSelector,
    fieldSelector,
    resourceVersion,
    timeoutSeconds,
  });
}
