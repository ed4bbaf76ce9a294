import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { startApiServerProxy, type ApiServerProxy } from '@sandpiper/testing/api-server-proxy';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { core, type ConfigMap } from '../builtin/resources.ts';
import type { KubeClient, NewObject } from '../client.ts';
import { keyOf } from '../resource.ts';
import { createKubeClient, type KubeClientOptions } from './create-kube-client.ts';
import { guardWrites, type KubeWrite } from './guard-writes.ts';
import { isAlreadyExists, isConflict, isForbidden, isGone, isInvalid, isNotFound, KubeError } from './kube-error.ts';
import type { RequestReport } from './transport.ts';

describeWithControlPlane('kube client', (controlPlane) => {
  let namespace: string;
  let proxy: ApiServerProxy;
  const clients: KubeClient[] = [];
  const folders: string[] = [];

  const clientFor = (kubeConfig: KubeConfig, options?: KubeClientOptions): KubeClient => {
    const client = createKubeClient(kubeConfig, options);
    clients.push(client);
    return client;
  };
  const direct = (options?: KubeClientOptions): KubeClient => clientFor(controlPlane().kubeConfig, options);
  const proxied = (options?: KubeClientOptions): KubeClient => clientFor(proxy.kubeConfig, options);
  const configMap = (name: string, data: Record<string, string> = {}): NewObject<ConfigMap> => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name },
    data,
  });

  beforeAll(async () => {
    namespace = await controlPlane().createNamespace('client');
    proxy = await startApiServerProxy({ kubeConfig: controlPlane().kubeConfig });
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  afterAll(async () => {
    await proxy.close();
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
  });

  it('creates, reads, patches, replaces, applies and deletes', async () => {
    const client = direct();
    const made = await client.create(core.configMaps, configMap('life', { a: '1' }));
    const key = keyOf(made);
    expect(made.metadata.uid).toBeDefined();
    await client.patch(core.configMaps, key, { type: 'merge', body: { data: { b: '2' } } });
    await client.patch(core.configMaps, key, { type: 'json', body: [{ op: 'remove', path: '/data/a' }] });
    await client.patch(core.configMaps, key, { type: 'strategic', body: { metadata: { labels: { app: 'x' } } } });
    const applied = { ...configMap('life', { c: '3' }) };
    await client.apply(core.configMaps, applied, { fieldManager: 'tests' });
    const read = await client.get(core.configMaps, key);
    expect(read).toMatchObject({ kind: 'ConfigMap', data: { b: '2', c: '3' }, metadata: { labels: { app: 'x' } } });
    await client.replace(core.configMaps, { ...read!, data: { d: '4' } });
    const { items } = await client.list(core.configMaps, { namespace, labelSelector: 'app=x' });
    expect(items).toMatchObject([{ apiVersion: 'v1', kind: 'ConfigMap', data: { d: '4' } }]);
    expect(await client.delete(core.configMaps, key)).toBe(true);
    expect(await client.delete(core.configMaps, key)).toBe(false);
    expect(await client.get(core.configMaps, key)).toBeUndefined();
  });

  it('takes all pages of a list', async () => {
    const client = direct();
    const names = Array.from({ length: 5 }, (_, index) => `page-${index}`);
    await Promise.all(
      names.map((name) => {
        const object = configMap(name);
        return client.create(core.configMaps, { ...object, metadata: { ...object.metadata, labels: { paged: '1' } } });
      }),
    );
    const all = await client.listAll(core.configMaps, { namespace, labelSelector: 'paged=1', limit: 2 });
    expect(all.items.map(({ metadata }) => metadata.name)).toEqual(names);
  });

  it('changes nothing on a dry run', async () => {
    const client = direct();
    await client.create(core.configMaps, configMap('dry'), { dryRun: true });
    expect(await client.get(core.configMaps, { namespace, name: 'dry' })).toBeUndefined();
  });

  it('names refusals as the server does', async () => {
    const client = direct();
    const made = await client.create(core.configMaps, configMap('refused'));
    await client.patch(core.configMaps, keyOf(made), { type: 'merge', body: { data: { a: '1' } } });
    const refusals = {
      exists: await failureOf(client.create(core.configMaps, configMap('refused'))),
      conflict: await failureOf(client.replace(core.configMaps, made)),
      precondition: await failureOf(client.delete(core.configMaps, keyOf(made), { preconditions: { uid: 'other' } })),
      invalid: await failureOf(client.create(core.configMaps, configMap('Not A Name'))),
      missing: await failureOf(client.patch(core.configMaps, { namespace, name: 'none' }, { type: 'merge', body: {} })),
    };
    expect(isAlreadyExists(refusals.exists) && !isConflict(refusals.exists)).toBe(true);
    expect(isConflict(refusals.conflict) && !isAlreadyExists(refusals.conflict)).toBe(true);
    expect(isConflict(refusals.precondition)).toBe(true);
    expect(isInvalid(refusals.invalid)).toBe(true);
    expect(refusals.invalid.details?.causes?.[0]?.field).toBe('metadata.name');
    expect(isNotFound(refusals.missing)).toBe(true);
    const { kubeConfig } = await controlPlane().userKubeConfig({ user: 'nobody-in-particular' });
    expect(isForbidden(await failureOf(clientFor(kubeConfig).list(core.pods, { namespace })))).toBe(true);
  });

  it('streams events, and says when their version is gone or the stream broke off', async () => {
    const client = proxied();
    const made = await client.create(core.configMaps, configMap('watched'));
    const from = { namespace, resourceVersion: made.metadata.resourceVersion! };
    await client.patch(core.configMaps, keyOf(made), { type: 'merge', body: { data: { a: '1' } } });
    await client.delete(core.configMaps, keyOf(made));
    const seen: string[] = [];
    for await (const { type } of client.watch(core.configMaps, { ...from, timeoutSeconds: 1 })) seen.push(type);
    expect(seen.slice(0, 2)).toEqual(['MODIFIED', 'DELETED']);

    const drain = async (): Promise<void> => {
      for await (const _ of client.watch(core.configMaps, from));
    };
    const isWatch = { fits: ({ isWatch }: { isWatch: boolean }) => isWatch, times: 1 };
    proxy.inject({ kind: 'expire', afterEvents: 1 }, isWatch);
    expect(isGone(await failureOf(drain()))).toBe(true);
    proxy.inject({ kind: 'cut', afterEvents: 1 }, isWatch);
    expect(await failureOf(drain())).toMatchObject({ status: 0, reason: 'Unreachable' });
  });

  it('ends the request when whoever watches leaves, or aborts', async () => {
    const client = proxied();
    const { metadata } = await client.list(core.configMaps, { namespace });
    const from = { namespace, resourceVersion: metadata.resourceVersion };
    const stopping = new AbortController();
    const watching = (async () => {
      for await (const _ of client.watch(core.configMaps, { ...from, signal: stopping.signal }));
    })();
    await expect.poll(() => proxy.openWatches).toBe(1);
    stopping.abort(new Error('enough'));
    await expect(watching).rejects.toThrow('enough');
    await expect.poll(() => proxy.openWatches).toBe(0);

    await client.create(core.configMaps, configMap('left'));
    for await (const _ of client.watch(core.configMaps, from)) break;
    await expect.poll(() => proxy.openWatches).toBe(0);
  });

  it('waits as long as the server asks to, whatever the verb, and tells of each attempt', async () => {
    const reports: RequestReport[] = [];
    const client = proxied({ onRequest: (report) => reports.push(report) });
    const busy = { kind: 'answer', status: 429, reason: 'TooManyRequests', headers: { 'retry-after': '1' } } as const;
    const { hits } = proxy.inject(busy, { times: 1 });
    expect(hits).toBe(0);
    const startedAt = performance.now();
    await client.create(core.configMaps, configMap('patient'));
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990);
    expect(reports).toMatchObject([
      { method: 'POST', verb: 'create', resource: 'configmaps', status: 429 },
      { method: 'POST', verb: 'create', resource: 'configmaps', status: 201 },
    ]);
  });

  it('tells which subresource was written', async () => {
    const reports: RequestReport[] = [];
    const client = direct({ onRequest: (report) => reports.push(report) });
    const patch = { type: 'merge', body: { status: {} } } as const;
    await client.patch(core.namespaces, { namespace: '', name: namespace }, patch, { subresource: 'status' });
    expect(reports).toMatchObject([{ verb: 'patch', resource: 'namespaces', subresource: 'status', status: 200 }]);
  });

  it('does not wait beyond its time-out, nor for a 503 to a write', async () => {
    const client = proxied();
    const headers = { 'retry-after': '60' };
    proxy.inject({ kind: 'answer', status: 429, headers }, { times: 1 });
    const busy = await failureOf(client.get(core.configMaps, { namespace, name: 'x' }, { timeoutMs: 1_000 }));
    expect(busy).toMatchObject({ status: 429, retryAfterMs: 60_000 });
    proxy.inject({ kind: 'answer', status: 503, headers: { 'retry-after': '0' } }, { times: 1 });
    expect(await failureOf(client.create(core.configMaps, configMap('once')))).toMatchObject({ status: 503 });
    proxy.inject({ kind: 'answer', status: 503, headers: { 'retry-after': '0' } }, { times: 1 });
    expect(await client.get(core.configMaps, { namespace, name: 'once' })).toBeUndefined();
  });

  it('gives up on an answer that does not come, and stops at once when aborted', async () => {
    const client = proxied({ timeoutMs: 200 });
    const silence = proxy.inject({ kind: 'silence' });
    expect(await failureOf(client.list(core.configMaps, { namespace }))).toMatchObject({
      status: 0,
      reason: 'Timeout',
    });
    const stopping = new AbortController();
    const call = client.list(core.configMaps, { namespace, signal: stopping.signal, timeoutMs: 60_000 });
    stopping.abort(new Error('no longer wanted'));
    await expect(call).rejects.toThrow('no longer wanted');
    silence.remove();
  });

  it('reads again when a connection broke, and leaves it to the caller to repeat a write', async () => {
    const client = proxied();
    proxy.inject({ kind: 'refuse' }, { times: 1 });
    expect(await client.get(core.configMaps, { namespace, name: 'nothing' })).toBeUndefined();
    proxy.inject({ kind: 'lose-answer' }, { times: 1 });
    expect(await failureOf(client.create(core.configMaps, configMap('lost')))).toMatchObject({ status: 0 });
    expect(await client.get(core.configMaps, { namespace, name: 'lost' })).toBeDefined();
  });

  it('lets a test stop any write before it is sent, and no read or dry run', async () => {
    const writes: KubeWrite[] = [];
    const client = direct({
      beforeWrite(write) {
        writes.push(write);
        if (writes.length > 1) throw new Error('the process died here');
      },
    });
    const made = await client.create(core.configMaps, configMap('guarded'));
    await client.create(core.configMaps, configMap('guarded-2'), { dryRun: true });
    for (const write of [
      () => client.delete(core.configMaps, keyOf(made)),
      () => client.patch(core.configMaps, keyOf(made), { type: 'merge', body: { data: { a: '1' } } }),
      () => client.replace(core.configMaps, made),
      () => client.apply(core.configMaps, configMap('guarded'), { fieldManager: 'x' }),
      () => client.request(`/api/v1/namespaces/${namespace}/configmaps/guarded`, { method: 'DELETE' }),
    ]) {
      await expect(write()).rejects.toThrow('the process died here');
    }
    expect(writes.map(({ verb }) => verb)).toEqual(['create', 'delete', 'patch', 'update', 'apply', 'raw']);
    expect(await client.get(core.configMaps, keyOf(made))).toEqual(made);
  });

  it('asks again before it sends a write again, and before one that waited for its turn', async () => {
    let isAllowed = true;
    const beforeSend = (): void => {
      if (!isAllowed) throw new Error('no longer allowed');
    };
    const client = guardWrites(proxied({ maxConnections: 1 }), { beforeSend });
    const busy = proxy.inject({ kind: 'answer', status: 429, headers: { 'retry-after': '1' } }, { times: 1 });
    const retried = expect(client.create(core.configMaps, configMap('again'))).rejects.toThrow('no longer allowed');
    await expect.poll(() => busy.hits).toBe(1);
    const slow = proxy.inject({ kind: 'delay', ms: 200 }, { times: 1 });
    const first = client.create(core.configMaps, configMap('first'));
    const waiting = expect(client.create(core.configMaps, configMap('waiting'))).rejects.toThrow('no longer allowed');
    await expect.poll(() => slow.hits).toBe(1);
    isAllowed = false;
    await Promise.all([first, waiting, retried]);
    const { items } = await direct().list(core.configMaps, { namespace });
    const names = items.map(({ metadata }) => metadata.name);
    expect(names).toContain('first');
    expect(names).not.toContain('waiting');
    expect(names).not.toContain('again');
    // The connection goes on after a request that was stopped.
    isAllowed = true;
    await client.create(core.configMaps, configMap('again'));
  });

  it('knows how far the clocks are apart', async () => {
    const client = direct();
    expect(client.clockSkewMs).toBeUndefined();
    await client.list(core.configMaps, { namespace });
    expect(Math.abs(client.clockSkewMs!)).toBeLessThan(2_000);
  });

  it('passes any path on, with its status and text', async () => {
    const client = direct();
    const version = await client.request('/version');
    expect([version.status, await version.json()]).toMatchObject([200, { major: '1' }]);
    expect((await client.request('/no-such-path')).status).toBe(404);
  });

  it('rejects when an object has no namespace', async () => {
    await expect(direct().get(core.configMaps, { namespace: '', name: 'x' })).rejects.toThrow('namespace');
  });

  describe('with credentials that change', () => {
    const tokenOf = async (account: string): Promise<string> => {
      const client = direct();
      await client.create(core.serviceAccounts, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { namespace, name: account },
      });
      const answer = await client.request(`/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }),
      });
      return ((await answer.json()) as { status: { token: string } }).status.token;
    };
    const whoAmI = async (client: KubeClient): Promise<string> => {
      const answer = await client.request('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
      });
      const { status } = (await answer.json()) as { status: { userInfo?: { username: string } } };
      return status.userInfo?.username ?? `refused ${answer.status}`;
    };
    const configAs = (user: object): KubeConfig => {
      const config = new KubeConfig();
      config.loadFromClusterAndUser(controlPlane().kubeConfig.getCurrentCluster()!, { name: 'rotating', ...user });
      return config;
    };
    const folder = async (): Promise<string> => {
      const made = await mkdtemp(path.join(tmpdir(), 'kube-client-'));
      folders.push(made);
      return made;
    };

    it('reads a token file anew when the old token is refused', async () => {
      const tokenFile = path.join(await folder(), 'token');
      await writeFile(tokenFile, 'expired');
      const client = clientFor(configAs({ authProvider: { name: 'tokenFile', config: { tokenFile } } }));
      expect(await whoAmI(client)).toBe('refused 401');
      await writeFile(tokenFile, `${await tokenOf('by-file')}\n`);
      expect(await whoAmI(client)).toBe(`system:serviceaccount:${namespace}:by-file`);
    });

    it('runs an exec plugin again when its token is refused', async () => {
      const where = await folder();
      const plugin = path.join(where, 'plugin.sh');
      const credential = (token: string): string =>
        JSON.stringify({
          apiVersion: 'client.authentication.k8s.io/v1',
          kind: 'ExecCredential',
          status: { token },
        });
      await writeFile(path.join(where, 'credential.json'), credential('expired'));
      await writeFile(plugin, `#!/bin/sh\ncat "${where}/credential.json"\n`);
      await chmod(plugin, 0o700);
      const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' };
      const client = clientFor(configAs({ exec }));
      expect(await whoAmI(client)).toBe('refused 401');
      await writeFile(path.join(where, 'credential.json'), credential(await tokenOf('by-exec')));
      // Of many at once as well, of which one renews for all.
      const names = await Promise.all(Array.from({ length: 8 }, () => whoAmI(client)));
      expect(new Set(names)).toEqual(new Set([`system:serviceaccount:${namespace}:by-exec`]));
    });

    it('says when there are no credentials', async () => {
      const tokenFile = path.join(await folder(), 'missing');
      const client = clientFor(configAs({ authProvider: { name: 'tokenFile', config: { tokenFile } } }));
      const failure = await failureOf(client.get(core.configMaps, { namespace, name: 'x' }));
      expect(failure).toMatchObject({ status: 0, reason: 'NoCredentials' });
      expect(failure.message).toContain('missing');
    });
  });
});

describe('kube client of something that is no API server', () => {
  let server: Server;
  afterAll(() => server.close());

  it('says what came instead', async () => {
    server = createServer((request, response) => {
      if (request.url?.endsWith('/pods')) response.writeHead(502, { 'content-type': 'text/html' });
      response.end('<h1>Bad Gateway</h1>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const config = new KubeConfig();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/k8s/clusters/one`;
    config.loadFromClusterAndUser({ name: 'c', server: url, skipTLSVerify: true }, { name: 'u' });
    const client = createKubeClient(config);
    const refused = await failureOf(client.list(core.pods));
    expect(refused).toMatchObject({ status: 502, reason: 'InternalError' });
    expect(refused.message).toContain('Bad Gateway');
    expect(await failureOf(client.list(core.nodes))).toMatchObject({ status: 0, reason: 'BadAnswer' });
    await client.close();
    await expect(client.list(core.nodes)).rejects.toThrow('closed');
  });
});

/** The KubeError with which a call fails. */
async function failureOf(call: Promise<unknown>): Promise<KubeError> {
  const failure = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof KubeError)) throw new Error('The call did not fail with a KubeError.', { cause: failure });
  return failure;
}
