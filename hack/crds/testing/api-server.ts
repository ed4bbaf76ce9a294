import { API_VERSION, type resources } from '@sandpiper/api';
import { createKubeClient, type KubeClient } from '@sandpiper/kube';
import type { ConnectedControlPlane } from '@sandpiper/testing/control-plane';
import { afterAll, beforeAll, expect } from 'vitest';
import { installCrds } from './shipped.ts';

export type Resource = (typeof resources)[keyof typeof resources];

/** The API server's answer to a write: the object as it would be stored, or what it refuses and why. */
export type Answer = { accepted: true; object: StoredObject } | { accepted: false; message: string };

export interface StoredObject {
  metadata: { name: string; resourceVersion?: string };
  spec: Record<string, unknown>;
  status?: Record<string, unknown>;
}

export interface CreateOptions {
  dryRun?: boolean;
  /** Beside the name. */
  metadata?: object;
}

/** Writes objects of ours as they are given, unknown fields refused, with nothing in between that knows the schema. */
export interface ApiServer {
  create(resource: Resource, name: string, spec: object | undefined, options?: CreateOptions): Promise<Answer>;
  /** Replaces the spec, and only asks whether it may. */
  wouldReplace(resource: Resource, before: StoredObject, spec: object): Promise<Answer>;
  replaceStatus(resource: Resource, before: StoredObject, status: object): Promise<Answer>;
}

/** For a suite of `describeWithControlPlane`: installs the CRDs, and makes a namespace that ends with the suite. */
export function setUpApiServer(
  control: () => ConnectedControlPlane,
  prefix: string,
): { server: () => ApiServer; namespace: () => string } {
  let client: KubeClient | undefined;
  let namespace = '';
  let server: ApiServer | undefined;
  beforeAll(async () => {
    await installCrds(control());
    namespace = await control().createNamespace(prefix);
    client = createKubeClient(control().kubeConfig);
    server = apiServerOf(client, namespace);
  });
  afterAll(() => client?.close());
  return {
    namespace: () => namespace,
    server: () => server ?? expect.unreachable('The API server is there in tests, not while they are collected.'),
  };
}

function apiServerOf(client: KubeClient, namespace: string): ApiServer {
  const write = async (method: string, url: string, body: object): Promise<Answer> => {
    const response = await client.request(url, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as StoredObject & { message?: string };
    if (response.status < 300) return { accepted: true, object: answer };
    if (response.status === 400 || response.status === 422) {
      return { accepted: false, message: answer.message ?? '' };
    }
    throw new Error(`${method} ${url} was answered ${response.status}: ${answer.message ?? ''}`);
  };
  const urlOf = ({ group, version, plural }: Resource, rest: string, dryRun: boolean): string =>
    `/apis/${group}/${version}/namespaces/${namespace}/${plural}${rest}?fieldValidation=Strict${dryRun ? '&dryRun=All' : ''}`;

  return {
    create: (resource, name, spec, { dryRun = false, metadata = {} } = {}) =>
      write('POST', urlOf(resource, '', dryRun), {
        apiVersion: API_VERSION,
        kind: resource.kind,
        metadata: { name, ...metadata },
        ...(spec && { spec }),
      }),
    wouldReplace: (resource, before, spec) =>
      write('PUT', urlOf(resource, `/${before.metadata.name}`, true), { ...before, spec }),
    replaceStatus: (resource, before, status) =>
      write('PUT', urlOf(resource, `/${before.metadata.name}/status`, false), { ...before, status }),
  };
}
