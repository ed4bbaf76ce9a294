import { setTimeout as delay } from 'node:timers/promises';
import { startApiServerProxy, type ApiServerProxy } from '@sandpiper/testing/api-server-proxy';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { core, events, type ConfigMap, type Event } from '../builtin/resources.ts';
import type { KubeClient } from '../client.ts';
import { createKubeClient } from '../http/create-kube-client.ts';
import {
  createEventRecorder,
  type EventNote,
  type EventRecorder,
  type EventRecorderOptions,
} from './event-recorder.ts';

describeWithControlPlane('event recorder', (controlPlane) => {
  let namespace: string;
  let proxy: ApiServerProxy;
  let client: KubeClient;
  let object: ConfigMap;
  const recorders: EventRecorder[] = [];

  beforeEach(async () => {
    namespace = await controlPlane().createNamespace('events');
    proxy = await startApiServerProxy({ kubeConfig: controlPlane().kubeConfig });
    client = createKubeClient(proxy.kubeConfig);
    object = await client.create(core.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace, name: 'subject' },
    });
  });
  afterEach(async () => {
    await Promise.all(recorders.splice(0).map((recorder) => recorder.close()));
    await client.close();
    await proxy.close();
  });

  const recorderOf = (options: Partial<EventRecorderOptions> = {}): EventRecorder => {
    const log = pino({ level: 'silent' });
    const recorder = createEventRecorder({ client, controller: 'example.com/tests', instance: 'one', log, ...options });
    recorders.push(recorder);
    return recorder;
  };
  const note = (text = 'it happened'): EventNote => ({
    regarding: object,
    type: 'Warning',
    reason: 'Happened',
    action: 'Look',
    note: text,
  });
  const recorded = async (): Promise<Event[]> => (await client.listAll(events.events, { namespace })).items;
  const writes = (): number =>
    proxy.requests.filter(({ method, url }) => method !== 'GET' && url.includes('/events.k8s.io/')).length;

  it('writes what happened to what', async () => {
    const recorder = recorderOf();
    recorder.record({ ...note(), related: object });
    await recorder.flush();
    expect(await recorded()).toMatchObject([
      {
        type: 'Warning',
        reason: 'Happened',
        action: 'Look',
        note: 'it happened',
        reportingController: 'example.com/tests',
        reportingInstance: 'one',
        regarding: { kind: 'ConfigMap', name: 'subject', namespace, uid: object.metadata.uid },
        related: { kind: 'ConfigMap', name: 'subject' },
      },
    ]);
  });

  it('counts repetitions in two writes', async () => {
    const recorder = recorderOf();
    for (let times = 0; times < 50; times++) recorder.record(note());
    await recorder.flush();
    for (let times = 0; times < 50; times++) recorder.record(note());
    await recorder.close();
    expect(await recorded()).toMatchObject([{ series: { count: 100 } }]);
    expect(writes()).toBeLessThanOrEqual(3);
  });

  it('writes counts now and then by itself', async () => {
    const recorder = recorderOf({ seriesEveryMs: 20 });
    recorder.record(note());
    await recorder.flush();
    recorder.record(note());
    await expect.poll(recorded).toMatchObject([{ series: { count: 2 } }]);
  });

  it('begins anew when it happens again after a while', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const recorder = recorderOf({ windowMs: 60_000 });
      for (const wait of [0, 59_000, 61_000]) {
        vi.setSystemTime(Date.now() + wait);
        recorder.record(note());
        await recorder.flush();
      }
      expect((await recorded()).map(({ series }) => series?.count).sort()).toEqual([2, undefined]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('writes a count as a new event when the old one is no longer kept', async () => {
    const recorder = recorderOf();
    recorder.record(note());
    await recorder.flush();
    const [first] = await recorded();
    await client.delete(events.events, { namespace, name: first!.metadata.name });
    recorder.record(note());
    await recorder.flush();
    expect(await recorded()).toMatchObject([{ series: { count: 2 } }]);
  });

  it('lets one object have only so many', async () => {
    const recorder = recorderOf({ budget: { burst: 3, refillMs: 60_000 } });
    for (let index = 0; index < 10; index++) recorder.record(note(`number ${index}`));
    await recorder.flush();
    expect(await recorded()).toHaveLength(3);
  });

  it('leaves the server time between two events, unless somebody waits for them', async () => {
    const startedAt: number[] = [];
    const slow: KubeClient = {
      ...client,
      async create(...call) {
        startedAt.push(performance.now());
        await delay(60);
        return client.create(...call);
      },
    };
    const recorder = recorderOf({ client: slow });
    for (const text of ['one', 'two', 'three', 'four']) recorder.record(note(text));
    await expect.poll(() => startedAt.length, { timeout: 5_000 }).toBe(2);
    const [first = 0, second = 0] = startedAt;
    expect(second - first).toBeGreaterThan(2 * 60);
    await recorder.flush();
    expect(await recorded()).toHaveLength(4);
    const [, , third = 0, fourth = Infinity] = startedAt;
    expect(fourth - third).toBeLessThan(second - first);
  });

  it('neither waits for the server nor fails with it', async () => {
    const recorder = recorderOf();
    const failing = proxy.inject({ kind: 'answer', status: 500 }, { times: 1 });
    const refused = proxy.inject({ kind: 'answer', status: 403, reason: 'Forbidden' }, { times: 1 });
    recorder.record(note('survives a failure'));
    expect(writes()).toBe(0);
    await expect.poll(() => refused.hits, { timeout: 5_000 }).toBe(1);
    recorder.record(note('after'));
    recorder.record({ ...note(), note: 'x'.repeat(5_000) });
    await recorder.flush();
    expect(failing.hits).toBe(1);
    expect((await recorded()).map((event) => event.note?.length).sort()).toEqual([1001, 5]);
  });
});
