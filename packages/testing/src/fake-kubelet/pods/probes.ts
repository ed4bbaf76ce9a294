import { setTimeout as delay } from 'node:timers/promises';
import type { Container, Probe } from '@sandpiper/kube';
import type { Behaviour } from '../behaviour.ts';
import type { RunningContainer } from '../runtime/runtime.ts';
import type { ContainerRecord } from './record.ts';

export interface ProbesOptions {
  container: Container;
  running: RunningContainer;
  record: ContainerRecord;
  behaviour: Behaviour;
  changed: () => void;
  signal: AbortSignal;
}

/** A kubelet looks once a second at best; what starts is looked at more often here, so that tests need not wait. */
const EAGER_MS = 50;

/** Asks the probes of a running container as a kubelet does: startup first, then readiness and liveness side by side. */
export function watchProbes(options: ProbesOptions): { close(): Promise<void> } {
  const { container, running, record, behaviour, changed } = options;
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  const hasEnded = (): boolean => signal.aborted;
  const wait = (ms: number): Promise<void> => delay(ms, undefined, { signal }).catch(() => undefined);

  const start = async (): Promise<void> => {
    for (let isFirst = true; !hasEnded(); isFirst = false) {
      if (await succeeds(running, container.startupProbe)) break;
      if (isFirst) changed();
      await wait(EAGER_MS);
    }
    if (hasEnded()) return;
    record.started = true;
    if (behaviour.readyMs > 0) {
      changed();
      await wait(behaviour.readyMs);
    }
    await Promise.all([watchReadiness(), watchLiveness()]);
  };

  const watchReadiness = async (): Promise<void> => {
    const { readinessProbe: probe } = container;
    let failures = 0;
    for (let isFirst = true; !hasEnded(); isFirst = false) {
      const isReady = behaviour.kind !== 'never-ready' && (await succeeds(running, probe));
      if (hasEnded()) return;
      failures = isReady ? 0 : failures + 1;
      const next = isReady || (record.ready && failures < (probe?.failureThreshold ?? 3));
      const isNews = isFirst || next !== record.ready;
      record.ready = next;
      if (isNews) changed();
      if (!probe && isReady) return;
      await wait(record.ready ? periodMs(probe) : EAGER_MS);
    }
  };

  const watchLiveness = async (): Promise<void> => {
    const { livenessProbe: probe } = container;
    if (!probe) return;
    for (let failures = 0; !hasEnded();) {
      await wait(periodMs(probe));
      failures = hasEnded() || (await succeeds(running, probe)) ? 0 : failures + 1;
      if (failures < (probe.failureThreshold ?? 3)) continue;
      running.crash({ exitCode: 137, reason: 'Error', message: 'Its liveness probe failed.' });
      return;
    }
  };

  const watching = start();
  return {
    async close() {
      stopping.abort();
      await watching;
    },
  };
}

function succeeds(running: RunningContainer, probe: Probe | undefined): Promise<boolean> {
  return probe ? running.probe(probe) : Promise.resolve(true);
}

function periodMs(probe: Probe | undefined): number {
  return (probe?.periodSeconds ?? 10) * 1000;
}
