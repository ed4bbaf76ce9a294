import { startApiServerProxy, type ApiServerProxy, type SeenRequest } from '@sandpiper/testing/api-server-proxy';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { core, type ConfigMap } from '../builtin/resources.ts';
import type { KubeClient } from '../client.ts';
import { createKubeClient } from '../http/create-kube-client.ts';
import type { Informer, InformerOptions } from '../informer.ts';
import type { Change } from '../store.ts';
import { createInformer } from './create-informer.ts';

const log = pino({ level: 'silent' });
const isWatch = ({ isWatch }: SeenRequest): boolean => isWatch;
const isList = (request: SeenRequest): boolean => request.method === 'GET' && !request.isWatch;

describeWithControlPlane('informer', (controlPlane) => {
  let namespace: string;
  let proxy: ApiServerProxy;
  /** Straight to the server: what is wrong with the way of the informer must not disturb the test. */
  let admin: KubeClient;
  let client: KubeClient;
  const informers: Informer<ConfigMap>[] = [];

  const start = async (options: Partial<InformerOptions<ConfigMap>> = {}) => {
    const informer = createInformer({
      client,
      type: core.configMaps,
      namespace,
      log,
      backoff: { baseMs: 5, maxMs: 50 },
      ...options,
    });
    informers.push(informer);
    const changes: Change<ConfigMap>[] = [];
    informer.onChange((change) => changes.push(change));
    await informer.start();
    return { informer, changes };
  };
  const make = (name: string, labels: Record<string, string> = {}): Promise<ConfigMap> =>
    admin.create(core.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace, name, labels },
    });
  const touch = (name: string): Promise<ConfigMap> =>
    admin.patch(
      core.configMaps,
      { namespace, name },
      { type: 'merge', body: { data: { at: String(performance.now()) } } },
    );
  const remove = (name: string): Promise<boolean> => admin.delete(core.configMaps, { namespace, name });
  const state = (objects: readonly ConfigMap[]): string[] =>
    objects.map(({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`).sort();
  /** The one promise that counts. */
  const becomesTheServersList = async ({ store }: Informer<ConfigMap>): Promise<void> => {
    await expect
      .poll(
        async () =>
          state(store.list()).join() === state((await admin.listAll(core.configMaps, { namespace })).items).join(),
        {
          timeout: 10_000,
          interval: 20,
        },
      )
      .toBe(true);
  };
  /** Writes of every kind, on names of their own. */
  const churn = async (round: string): Promise<void> => {
    await make(`${round}-kept`);
    await make(`${round}-changed`);
    await make(`${round}-gone`);
    await touch(`${round}-changed`);
    await remove(`${round}-gone`);
  };
  const lists = (): number => proxy.requests.filter(isList).length;

  beforeAll(() => {
    admin = createKubeClient(controlPlane().kubeConfig);
  });
  beforeEach(async () => {
    namespace = await controlPlane().createNamespace('informer');
    proxy = await startApiServerProxy({ kubeConfig: controlPlane().kubeConfig });
    client = createKubeClient(proxy.kubeConfig, { timeoutMs: 1_000 });
  });
  afterEach(async () => {
    await Promise.all(informers.splice(0).map((informer) => informer.close()));
    await client.close();
    await proxy.close();
  });
  afterAll(() => admin.close());

  it('lists in pages, then follows', async () => {
    for (const name of ['a', 'b', 'c']) await make(name);
    const { informer, changes } = await start({ pageSize: 2 });
    expect(informer.isSynced).toBe(true);
    expect(proxy.requests.filter(({ isContinued }) => isContinued)).not.toEqual([]);
    const before = lists();
    await churn('then');
    await becomesTheServersList(informer);
    expect(changes.filter(({ key }) => key.name === 'then-gone').map(({ after }) => after !== undefined)).toEqual([
      true,
      false,
    ]);
    expect(lists()).toBe(before);
  });

  it('sees an answer to its own write before the watch tells, once', async () => {
    const { informer, changes } = await start();
    proxy.stallWatches();
    const made = await make('mine');
    informer.store.noteWritten(made);
    expect(informer.store.get({ namespace, name: 'mine' })?.metadata.uid).toBe(made.metadata.uid);
    proxy.cutWatches();
    await make('after');
    await becomesTheServersList(informer);
    expect(changes.filter(({ key }) => key.name === 'mine')).toHaveLength(1);
  });

  it('goes on without a list when the stream breaks in the middle of an event', async () => {
    const { informer } = await start();
    const before = lists();
    for (let round = 0; round < 3; round++) {
      proxy.inject({ kind: 'cut', afterEvents: 1 }, { fits: isWatch, times: 1 });
      proxy.cutWatches();
      await churn(`round-${round}`);
    }
    await becomesTheServersList(informer);
    expect(lists()).toBe(before);
  });

  it('notices silence, and goes on without a list', async () => {
    proxy.inject({ kind: 'stall', afterEvents: 1 }, { fits: isWatch, times: 2 });
    const { informer } = await start({ inactivityMs: 300 });
    const before = lists();
    await churn('silent');
    await becomesTheServersList(informer);
    expect(lists()).toBe(before);
  });

  it('lists again when its version is gone, and tells of what vanished meanwhile', async () => {
    for (const name of ['kept', 'vanished', 'replaced']) await make(name);
    const { informer, changes } = await start();
    const before = lists();
    changes.length = 0;
    const blind = proxy.inject({ kind: 'refuse' }, { fits: (request) => isWatch(request) });
    proxy.stallWatches();
    await remove('vanished');
    await remove('replaced');
    const successor = await make('replaced');
    blind.remove();
    const expired = proxy.inject({ kind: 'expire' }, { fits: isWatch, times: 1 });
    proxy.cutWatches();
    await expect.poll(lists, { timeout: 5_000 }).toBeGreaterThan(before);
    await becomesTheServersList(informer);
    expect(expired.hits).toBe(1);
    expect(changes.find(({ key, after }) => key.name === 'vanished' && !after)?.before).toBeDefined();
    expect(changes.findLast(({ key }) => key.name === 'replaced')?.after?.metadata.uid).toBe(successor.metadata.uid);
    expect(changes.some(({ key }) => key.name === 'kept')).toBe(false);
  });

  it('starts a list again that expired between two pages, and takes all at once when it keeps expiring', async () => {
    for (const name of ['a', 'b', 'c']) await make(name);
    const expired = { kind: 'answer', status: 410, reason: 'Expired' } as const;
    const midList = proxy.inject(expired, { fits: ({ isContinued }) => isContinued });
    const { informer } = await start({ pageSize: 1 });
    expect(midList.hits).toBe(2);
    await becomesTheServersList(informer);
  });

  it('waits out refusals, overload and failures, of lists and of watches', async () => {
    await make('there');
    proxy.inject({ kind: 'answer', status: 500 }, { fits: isList, times: 3 });
    proxy.inject({ kind: 'answer', status: 429, headers: { 'retry-after': '0' } }, { fits: isList, times: 3 });
    proxy.inject({ kind: 'refuse' }, { fits: isList, times: 5 });
    proxy.inject({ kind: 'silence' }, { fits: isList, times: 1 });
    proxy.inject({ kind: 'answer', status: 500 }, { fits: isWatch, times: 3 });
    proxy.inject({ kind: 'answer', status: 429, headers: { 'retry-after': '0' } }, { fits: isWatch, times: 10 });
    proxy.inject({ kind: 'end' }, { fits: isWatch, times: 3 });
    const { informer } = await start();
    const before = lists();
    await churn('patient');
    await becomesTheServersList(informer);
    expect(lists()).toBe(before);
  });

  it('is synced late, and not wrongly, behind a slow server', async () => {
    await make('slow');
    const slow = proxy.inject({ kind: 'delay', ms: 1_200 }, { fits: isList, times: 1 });
    proxy.inject({ kind: 'delay', ms: 400 }, { fits: isList, times: 1 });
    const { informer } = await start();
    // The first took longer than the time-out of a call, the second did not.
    expect(slow.hits).toBe(1);
    expect(informer.store.size).toBeGreaterThan(0);
    await becomesTheServersList(informer);
  });

  it('is not confused by doubled and late events', async () => {
    proxy.inject({ kind: 'repeat' }, { fits: isWatch, times: 1 });
    const { informer, changes } = await start();
    await make('again');
    await touch('again');
    await remove('again');
    await churn('more');
    await becomesTheServersList(informer);
    expect(changes.filter(({ key }) => key.name === 'again').map(({ after }) => after !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('survives a listener, an index and a transform that throw', async () => {
    const informer = createInformer<ConfigMap>({
      client,
      type: core.configMaps,
      namespace,
      log,
      indexers: {
        broken: () => {
          throw new Error('index');
        },
      },
      transform: () => {
        throw new Error('transform');
      },
    });
    informers.push(informer);
    informer.onChange(() => {
      throw new Error('listener');
    });
    const heard: string[] = [];
    informer.onChange(({ key }) => heard.push(key.name));
    await informer.start();
    await churn('anyway');
    await becomesTheServersList(informer);
    expect(heard).toContain('anyway-kept');
    expect(informer.store.byIndex('broken', 'x')).toEqual([]);
  });

  it('keeps to its selector, also when an object begins or ceases to match, or is noted in vain', async () => {
    await make('in', { app: 'x' });
    await make('out', { app: 'y' });
    const { informer } = await start({ labelSelector: 'app=x' });
    const names = (): string[] =>
      informer.store
        .list()
        .map(({ metadata }) => metadata.name)
        .sort();
    const relabel = (name: string, app: string): Promise<ConfigMap> =>
      admin.patch(core.configMaps, { namespace, name }, { type: 'merge', body: { metadata: { labels: { app } } } });
    expect(names()).toEqual(['in']);
    informer.store.noteWritten(await relabel('in', 'y'));
    informer.store.noteWritten(await relabel('out', 'x'));
    await expect.poll(names).toEqual(['out']);
    informer.store.noteWritten(await make('never', { app: 'z' }));
    await relabel('in', 'x');
    await expect.poll(names).toEqual(['in', 'out']);
  });

  it('stops at once, wherever it is', async () => {
    const synced = await start();
    proxy.inject({ kind: 'silence' });
    const listing = createInformer({ client, type: core.configMaps, namespace, log });
    const starting = listing.start();
    await Promise.all([synced.informer.close(), listing.close()]);
    await expect(starting).rejects.toThrow('closed');
    await expect.poll(() => proxy.openWatches).toBe(0);
  });
});
