import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startApiServerProxy, type ApiServerProxy } from '@sandpiper/testing/api-server-proxy';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { coordination, core } from '../builtin/resources.ts';
import type { KubeClient } from '../client.ts';
import { createKubeClient } from '../http/create-kube-client.ts';
import { guardWrites } from '../http/guard-writes.ts';
import { createKubeMetrics } from '../metrics/kube-metrics.ts';
import {
  createLeaderElector,
  type LeaderElector,
  type LeaderElectorOptions,
  NotLeadingError,
} from './leader-elector.ts';
import { startStopwatch } from './stopwatch.ts';

describeWithControlPlane('leader election', (controlPlane) => {
  let namespace: string;
  let proxy: ApiServerProxy;
  let admin: KubeClient;
  let proxied: KubeClient;
  const electors: LeaderElector[] = [];
  let sleeper: ChildProcess | undefined;

  beforeEach(async () => {
    namespace = await controlPlane().createNamespace('leader');
    proxy = await startApiServerProxy({ kubeConfig: controlPlane().kubeConfig });
    admin = createKubeClient(controlPlane().kubeConfig);
    proxied = createKubeClient(proxy.kubeConfig);
  });
  afterEach(async () => {
    sleeper?.kill('SIGKILL');
    await Promise.all(electors.splice(0).map((elector) => elector.close()));
    await Promise.all([admin.close(), proxied.close()]);
    await proxy.close();
  });

  const candidate = (identity: string, client: KubeClient, options: Partial<LeaderElectorOptions> = {}) => {
    const lost: Error[] = [];
    const elector = createLeaderElector({
      client,
      lease: { namespace, name: 'one' },
      identity,
      leaseDurationMs: 1_000,
      renewDeadlineMs: 600,
      retryPeriodMs: 50,
      onLost: (error) => lost.push(error),
      log: pino({ level: 'silent' }),
      ...options,
    });
    electors.push(elector);
    return { elector, lost };
  };
  const lease = () => admin.get(coordination.leases, { namespace, name: 'one' });

  it('has one leader, and the next one at once when that one leaves in order', async () => {
    const registry = new Registry();
    const first = candidate('first', admin, { metrics: createKubeMetrics(registry) });
    await first.elector.start();
    expect(await registry.metrics()).toContain('leader_election_master_status{name="one"} 1');
    const second = candidate('second', admin);
    const waiting = second.elector.start();
    // It has looked at least once.
    await expect.poll(async () => (await lease())?.spec?.leaseTransitions).toBe(0);
    expect([first.elector.isLeading(), second.elector.isLeading()]).toEqual([true, false]);
    await first.elector.close();
    expect(first.elector.isLeading()).toBe(false);
    await waiting;
    expect((await lease())?.spec).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 });
    expect(first.lost).toEqual([]);
    expect(await registry.metrics()).toContain('leader_election_master_status{name="one"} 0');
  });

  it('renews for as long as it lives', async () => {
    const { elector, lost } = candidate('only', admin);
    await elector.start();
    const renewals = new Set<string>();
    await expect
      .poll(
        async () => {
          renewals.add((await lease())?.spec?.renewTime ?? '');
          expect(elector.isLeading()).toBe(true);
          return renewals.size;
        },
        { interval: 20 },
      )
      .toBeGreaterThan(10);
    expect(lost).toEqual([]);
  });

  it('loses when it cannot renew, before another takes over, and refuses to write from then on', async () => {
    const first = candidate('first', proxied);
    await first.elector.start();
    const second = candidate('second', admin);
    const waiting = second.elector.start();
    const guarded = guardWrites(admin, { beforeSend: () => first.elector.assertLeading() });
    proxy.inject({ kind: 'silence' });
    await expect.poll(() => first.lost.length, { interval: 5 }).toBe(1);
    expect(second.elector.isLeading()).toBe(false);
    await expect(guarded.delete(core.configMaps, { namespace, name: 'x' })).rejects.toThrow(NotLeadingError);
    await waiting;
    expect((await lease())?.spec?.holderIdentity).toBe('second');
    await first.elector.close();
    // What is another's is not released.
    expect((await lease())?.spec?.holderIdentity).toBe('second');
  });

  it('outlives failures that are shorter than its deadline', async () => {
    const { elector, lost } = candidate('tough', proxied);
    await elector.start();
    const { renewTime } = (await lease())!.spec!;
    const failures = [
      proxy.inject({ kind: 'answer', status: 500 }, { times: 2 }),
      proxy.inject({ kind: 'refuse' }, { times: 2 }),
      // The server has renewed, and we do not know.
      proxy.inject({ kind: 'lose-answer' }, { times: 1 }),
    ];
    await expect.poll(() => failures.every(({ hits }) => hits > 0)).toBe(true);
    await expect.poll(async () => (await lease())?.spec?.renewTime).not.toBe(renewTime);
    await expect.poll(() => elector.isLeading()).toBe(true);
    expect(lost).toEqual([]);
  });

  it('loses when somebody takes the lease away', async () => {
    const { elector, lost } = candidate('victim', admin);
    await elector.start();
    const body = { spec: { holderIdentity: 'thief', leaseDurationSeconds: 60 } };
    await admin.patch(coordination.leases, { namespace, name: 'one' }, { type: 'merge', body });
    await expect.poll(() => lost.length).toBe(1);
    expect(lost[0]?.message).toContain('took the lease');
    expect(elector.isLeading()).toBe(false);
  });

  it('does not trust the clock of the one before', async () => {
    // A dead holder whose clock was years ahead.
    await admin.create(coordination.leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace, name: 'one' },
      spec: {
        holderIdentity: 'dead',
        leaseDurationSeconds: 1,
        renewTime: '2099-01-01T00:00:00.000000Z',
        acquireTime: '2099-01-01T00:00:00.000000Z',
      },
    });
    const startedAt = performance.now();
    await candidate('heir', admin).elector.start();
    expect(performance.now() - startedAt).toBeGreaterThan(990);
  });

  it('notices after a pause, before it writes, that another leads', async () => {
    const key = { namespace, name: 'written' };
    await admin.create(core.configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: key });
    const script = fileURLToPath(new URL('testing/candidate.ts', import.meta.url));
    const started = spawn(process.execPath, [script, controlPlane().kubeconfigPath, namespace, 'sleeper'], {
      stdio: 'ignore',
    });
    sleeper = started;
    await expect.poll(() => stateOf(started.pid!), { timeout: 10_000 }).toBe('T');
    expect((await admin.get(core.configMaps, key))?.data?.['writer']).toBe('sleeper');
    const lease = { namespace, name: 'paused' };
    await candidate('awake', admin, { lease }).elector.start();
    await admin.patch(core.configMaps, key, { type: 'merge', body: { data: { writer: 'awake' } } });
    const exited = once(started, 'exit');
    started.kill('SIGCONT');
    expect(await exited).toEqual([3, null]);
    expect((await admin.get(core.configMaps, key))?.data?.['writer']).toBe('awake');
  });
});

/** As the kernel names it: `T` is stopped. */
function stateOf(pid: number): string | undefined {
  if (process.platform !== 'linux')
    return execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' })[0];
  return /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
}

describe('stopwatch', () => {
  it('goes by the clock that went further: a suspended machine stops one, a set clock the other', () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    try {
      const suspended = startStopwatch();
      vi.setSystemTime(Date.now() + 60_000);
      expect(suspended.elapsedMs()).toBe(60_000);
      const setBack = startStopwatch();
      vi.advanceTimersByTime(5_000);
      vi.setSystemTime(Date.now() - 60_000);
      expect(setBack.elapsedMs()).toBe(5_000);
    } finally {
      vi.useRealTimers();
    }
  });
});
