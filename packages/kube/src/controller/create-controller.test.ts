import { startApiServerProxy, type ApiServerProxy } from '@sandpiper/testing/api-server-proxy';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { core, type ConfigMap } from '../builtin/resources.ts';
import { createInformer } from '../cache/create-informer.ts';
import type { KubeClient } from '../client.ts';
import type { Controller, ControllerOptions, Reconcile, Watch } from '../controller.ts';
import { createKubeClient } from '../http/create-kube-client.ts';
import type { Informer } from '../informer.ts';
import { createKubeMetrics } from '../metrics/kube-metrics.ts';
import { createController } from './create-controller.ts';

describeWithControlPlane('controller', (controlPlane) => {
  let namespace: string;
  let proxy: ApiServerProxy;
  let client: KubeClient;
  let informer: Informer<ConfigMap>;
  let controllers: Controller[] = [];
  let logged: { level: number; msg: string; key?: string }[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line) as never) });

  beforeEach(async () => {
    namespace = await controlPlane().createNamespace('controller');
    proxy = await startApiServerProxy({ kubeConfig: controlPlane().kubeConfig });
    client = createKubeClient(proxy.kubeConfig);
    informer = createInformer({ client, type: core.configMaps, namespace, log: pino({ level: 'silent' }) });
    controllers = [];
    logged = [];
  });
  afterEach(async () => {
    await Promise.all(controllers.map((controller) => controller.close({ drainMs: 0 })));
    await informer.close();
    await client.close();
    await proxy.close();
  });

  const make = (name: string): Promise<ConfigMap> =>
    client.create(core.configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name } });
  const touch = (name: string): Promise<ConfigMap> =>
    client.patch(
      core.configMaps,
      { namespace, name },
      { type: 'merge', body: { data: { at: String(performance.now()) } } },
    );
  const controllerOf = (reconcile: Reconcile, options: Partial<ControllerOptions> = {}): Controller => {
    const controller = createController({
      name: 'tests',
      reconcile,
      watches: [
        {
          informer,
          // Every namespace has one of these, from the controller manager where there is one.
          requestsFor: ({ key }) => (key.name === 'kube-root-ca.crt' ? [] : [key]),
        },
      ],
      backoff: { baseMs: 5, maxMs: 20 },
      log,
      ...options,
    });
    controllers.push(controller);
    return controller;
  };

  it('begins with what is there, and follows what changes', async () => {
    await make('before');
    const seen: string[] = [];
    await controllerOf(({ name }) => {
      seen.push(name);
      return Promise.resolve(undefined);
    }).start();
    await make('after');
    await expect.poll(() => [...seen].sort()).toEqual(['after', 'before']);
  });

  it('works on nothing before all its caches are synced', async () => {
    const slow = createInformer({ client, type: core.secrets, namespace, log: pino({ level: 'silent' }) });
    const held = proxy.inject({ kind: 'silence' }, { fits: ({ url }) => url.includes('/secrets') });
    await make('early');
    let reconciles = 0;
    const controller = controllerOf(
      () => {
        reconciles += 1;
        return Promise.resolve(undefined);
      },
      {
        watches: [
          { informer, requestsFor: ({ key }) => [key] },
          { informer: slow, requestsFor: () => [] },
        ],
      },
    );
    const starting = controller.start();
    await expect.poll(() => held.hits).toBe(1);
    await expect.poll(() => informer.store.get({ namespace, name: 'early' })).toBeDefined();
    await make('early-too');
    await expect.poll(() => controller.depth).toBeGreaterThan(0);
    expect(reconciles).toBe(0);
    await slow.close();
    await expect(starting).rejects.toThrow('closed');
    expect(reconciles).toBe(0);
  });

  it('never works on one key twice at once, works on several at once, and forgets no change', async () => {
    const working = new Set<string>();
    const lastSeen = new Map<string, string | undefined>();
    let most = 0;
    await controllerOf(
      async (request) => {
        expect(working).not.toContain(request.name);
        working.add(request.name);
        most = Math.max(most, working.size);
        // A call, as a reconcile makes them: changes come meanwhile.
        const read = await client.get(core.configMaps, request);
        lastSeen.set(request.name, read?.data?.['at']);
        working.delete(request.name);
        return undefined;
      },
      { concurrency: 4 },
    ).start();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(names.map(make));
    for (let round = 0; round < 10; round++) {
      await Promise.all(names.map(touch));
      if (round === 5) proxy.cutWatches();
    }
    const last = new Map((await client.listAll(core.configMaps, { namespace })).items.map((o) => [o.metadata.name, o]));
    await expect.poll(() => names.every((name) => lastSeen.get(name) === last.get(name)?.data?.['at'])).toBe(true);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
    expect(logged.filter(({ level }) => level >= 50)).toEqual([]);
  });

  it('tries again after a failure, logs each once, and counts them', async () => {
    const registry = new Registry();
    let attempts = 0;
    await controllerOf(
      () => {
        attempts += 1;
        if (attempts < 4) throw new Error('not yet');
        return Promise.resolve({ requeueAfterMs: 60_000 });
      },
      { metrics: createKubeMetrics(registry), name: 'counted' },
    ).start();
    await make('stubborn');
    await expect.poll(() => attempts).toBe(4);
    const errors = logged.filter(({ level }) => level >= 50);
    expect(errors).toHaveLength(3);
    expect(errors[0]).toMatchObject({ controller: 'counted', key: `${namespace}/stubborn` });
    const text = await registry.metrics();
    expect(text).toContain('controller_runtime_reconcile_total{controller="counted",result="error"} 3');
    expect(text).toContain('controller_runtime_reconcile_total{controller="counted",result="requeue_after"} 1');
    expect(text).toContain('workqueue_retries_total{name="counted"} 3');
    expect(text).toContain('workqueue_depth{name="counted"} 0');
    expect(text).toMatch(/controller_runtime_reconcile_time_seconds_count\{controller="counted"\} 4/);
  });

  it('goes on when the requests of a change cannot be told', async () => {
    await make('broken');
    const seen: string[] = [];
    const reconcile: Reconcile = ({ name }) => {
      seen.push(name);
      return Promise.resolve(undefined);
    };
    const requestsFor: Watch['requestsFor'] = ({ key }) => {
      if (key.name === 'broken') throw new Error('no requests');
      return [key];
    };
    await controllerOf(reconcile, { watches: [{ informer, requestsFor }], resyncMs: 20 }).start();
    await touch('broken');
    await make('whole');
    await expect.poll(() => seen).toContain('whole');
    expect(seen).not.toContain('broken');
    expect(logged.filter(({ level }) => level >= 50)[0]).toMatchObject({ key: `${namespace}/broken` });
  });

  it('looks again when a reconcile asks to, and behind changes now and then on its own', async () => {
    await make('asks');
    await make('rests');
    const looks: Record<string, number> = { asks: 0, rests: 0 };
    await controllerOf(
      ({ name }) => {
        looks[name] = (looks[name] ?? 0) + 1;
        return Promise.resolve(name === 'asks' ? { requeueAfterMs: 10 } : undefined);
      },
      { resyncMs: 200 },
    ).start();
    await expect.poll(() => looks['rests'], { timeout: 5_000 }).toBeGreaterThanOrEqual(3);
    expect(looks['asks']).toBeGreaterThan(looks['rests']!);
  });

  it('makes one look of many changes when it lets them settle, and misses none', async () => {
    let looks = 0;
    let seen: string | undefined;
    await controllerOf(
      (key) => {
        looks += 1;
        seen = informer.store.get(key)?.data?.['at'];
        return Promise.resolve(undefined);
      },
      { settleMs: 300 },
    ).start();
    await make('busy');
    let last: ConfigMap | undefined;
    for (let count = 0; count < 10; count += 1) last = await touch('busy');
    await expect.poll(() => seen, { timeout: 10_000 }).toBe(last?.data?.['at']);
    expect(looks).toBeLessThan(10);
  });

  it('finishes what runs when it is closed, and begins nothing', async () => {
    const running = Promise.withResolvers<undefined>();
    const finish = Promise.withResolvers<undefined>();
    const log: string[] = [];
    const controller = controllerOf(
      async ({ name }, signal) => {
        log.push(`begin ${name}`);
        running.resolve(undefined);
        await finish.promise;
        log.push(`end ${name} ${signal.aborted ? 'aborted' : 'in peace'}`);
        return undefined;
      },
      { concurrency: 1 },
    );
    await controller.start();
    await make('first');
    await running.promise;
    await make('second');
    await expect.poll(() => controller.depth).toBe(1);
    const closing = controller.close();
    finish.resolve(undefined);
    await closing;
    expect(log).toEqual(['begin first', 'end first in peace']);
  });

  it('aborts what does not finish in time', async () => {
    const running = Promise.withResolvers<undefined>();
    const controller = controllerOf(
      (_request, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
          running.resolve(undefined);
        }),
    );
    await controller.start();
    await make('endless');
    await running.promise;
    await controller.close({ drainMs: 20 });
    expect(logged.filter(({ level }) => level >= 50)).toEqual([]);
  });
});
