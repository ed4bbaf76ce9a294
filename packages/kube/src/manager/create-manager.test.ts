import { startApiServerProxy, type ApiServerProxy } from '@sandpiper/testing/api-server-proxy';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { coordination, core, events } from '../builtin/resources.ts';
import { createInformer } from '../cache/create-informer.ts';
import type { KubeClient } from '../client.ts';
import { createController } from '../controller/create-controller.ts';
import { createEventRecorder } from '../events/event-recorder.ts';
import { createKubeClient } from '../http/create-kube-client.ts';
import { createLeaderElector } from '../leader/leader-elector.ts';
import { createKubeMetrics } from '../metrics/kube-metrics.ts';
import { createManager, type Manager } from './create-manager.ts';
import { startProbeServer, type ProbeServer } from './probe-server.ts';

describeWithControlPlane('manager', (controlPlane) => {
  const log = pino({ level: 'silent' });
  let namespace: string;
  let proxy: ApiServerProxy;
  let client: KubeClient;
  const managers: Manager[] = [];

  beforeEach(async () => {
    namespace = await controlPlane().createNamespace('manager');
    proxy = await startApiServerProxy({ kubeConfig: controlPlane().kubeConfig });
    client = createKubeClient(proxy.kubeConfig);
  });
  afterEach(async () => {
    await Promise.all(managers.splice(0).map((manager) => manager.close()));
    await client.close();
    await proxy.close();
  });

  const build = (identity: string) => {
    const registry = new Registry();
    const metrics = createKubeMetrics(registry);
    const configMaps = createInformer({ client, type: core.configMaps, namespace, log });
    const recorder = createEventRecorder({ client, controller: 'example.com/tests', instance: identity, log });
    const worked: string[] = [];
    const controller = createController({
      name: 'tests',
      watches: [{ informer: configMaps, requestsFor: ({ key }) => [key] }],
      metrics,
      log,
      reconcile: (key) => {
        worked.push(key.name);
        const regarding = configMaps.store.get(key);
        if (regarding) recorder.record({ regarding, type: 'Normal', reason: 'Seen', action: 'Look', note: identity });
        return Promise.resolve(undefined);
      },
    });
    const elector = createLeaderElector({
      client,
      lease: { namespace, name: 'tests' },
      identity,
      leaseDurationMs: 5_000,
      renewDeadlineMs: 4_000,
      retryPeriodMs: 50,
      onLost: () => undefined,
      log,
    });
    const manager = createManager({
      controllers: [controller],
      elector,
      events: recorder,
      registry,
      log,
      probes: { port: 0, host: '127.0.0.1' },
    });
    managers.push(manager);
    const probe = async (path: string): Promise<{ status: number; text: string }> => {
      const answer = await fetch(`http://127.0.0.1:${manager.port}${path}`);
      return { status: answer.status, text: await answer.text() };
    };
    return { manager, worked, probe };
  };
  const make = (name: string) =>
    client.create(core.configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name } });

  it('is ready when its caches are synced, also as a follower, and says what it waits for before', async () => {
    const held = proxy.inject({ kind: 'delay', ms: 300 }, { fits: ({ url }) => url.includes('/configmaps'), times: 1 });
    const { manager, probe } = build('one');
    const starting = manager.start();
    await expect.poll(() => held.hits).toBe(1);
    expect(await probe('/readyz')).toEqual({ status: 503, text: 'configmaps not synced\n' });
    expect((await probe('/healthz')).status).toBe(200);
    await starting;
    expect((await probe('/readyz')).status).toBe(200);
    expect((await probe('/metrics')).text).toContain('workqueue_adds_total{name="tests"}');
    expect((await probe('/debug/profile')).status).toBe(404);

    const follower = build('two');
    const waiting = follower.manager.start();
    await expect.poll(async () => (follower.manager.port ? (await follower.probe('/readyz')).status : 0)).toBe(200);
    expect(follower.worked).toEqual([]);
    await follower.manager.close();
    await expect(waiting).rejects.toThrow('closed');
  });

  it('hands over in order: what ran has finished, events are written, the lease is free', async () => {
    const first = build('first');
    await first.manager.start();
    const second = build('second');
    const waiting = second.manager.start();
    await make('work');
    await expect.poll(() => first.worked).toContain('work');
    await first.manager.close();
    const { items } = await client.listAll(events.events, { namespace, fieldSelector: 'reason=Seen' });
    expect(items.filter(({ regarding }) => regarding?.name === 'work')).toMatchObject([{ note: 'first' }]);
    await waiting;
    expect((await client.get(coordination.leases, { namespace, name: 'tests' }))?.spec?.holderIdentity).toBe('second');
    await expect.poll(() => second.worked).toContain('work');
    const before = first.worked.length;
    await make('later');
    await expect.poll(() => second.worked).toContain('later');
    expect(first.worked).toHaveLength(before);
  });

  it('can be closed before it has begun', async () => {
    proxy.inject({ kind: 'silence' }, { fits: ({ url }) => url.includes('/configmaps') });
    const { manager } = build('hasty');
    const starting = manager.start();
    await manager.close();
    await expect(starting).rejects.toThrow('closed');
  });

  it('takes a profile where that is allowed', async () => {
    let server: ProbeServer | undefined;
    try {
      server = await startProbeServer({ port: 0, unready: () => [], profile: 'local' });
      const url = `http://127.0.0.1:${server.port}/debug/profile`;
      const answer = await fetch(`${url}?seconds=0.05`, { method: 'POST' });
      const profile = (await answer.json()) as { nodes: unknown[] };
      expect(profile.nodes.length).toBeGreaterThan(0);
      expect((await fetch(`${url}?seconds=9999`, { method: 'POST' })).status).toBe(400);
    } finally {
      await server?.close();
    }
  });
});
