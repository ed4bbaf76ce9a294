import { setTimeout as delay } from 'node:timers/promises';
import type { Container, PodSpec } from '@sandpiper/kube';
import type { Behaviour } from '../behaviour.ts';
import { CannotStart, type ContainerExit, type PodSandbox, type RunningContainer } from '../runtime/runtime.ts';
import { watchProbes } from './probes.ts';
import type { ContainerRecord } from './record.ts';
import { timestamp } from './status-writer.ts';
import { isRestarted } from './status.ts';

/** One container of a pod, through all its restarts. */
export interface ContainerRun {
  crash(exit: ContainerExit): void;
  stopRestarting(): void;
  /** Ends it for good. */
  end(graceMs: number): Promise<void>;
}

export interface ContainerRunOptions {
  container: Container;
  record: ContainerRecord;
  sandbox: PodSandbox;
  behaviour: Behaviour;
  restartPolicy: PodSpec['restartPolicy'];
  /** The record has changed. */
  changed: () => void;
  signal: AbortSignal;
}

/** Waits between restarts: shorter than a kubelet's 10 s to 5 min, so that tests of crash loops are quick. */
const BACKOFF_MS = { first: 100, longest: 5_000 };

export function runContainer(options: ContainerRunOptions): ContainerRun {
  const { container, record, sandbox, behaviour, changed, signal } = options;
  const stopping = new AbortController();
  const ended = AbortSignal.any([signal, stopping.signal]);
  let running: RunningContainer | undefined;
  let mayRestart = true;
  let failures = 0;

  const hasEnded = (): boolean => ended.aborted;

  const live = async (): Promise<void> => {
    while (!ended.aborted) {
      const exit = await once();
      Object.assign(record, { started: false, ready: false });
      if (hasEnded()) return;
      const finishedAt = timestamp();
      const terminated = {
        exitCode: exit.exitCode,
        reason: exit.reason,
        startedAt: record.state.running?.startedAt ?? finishedAt,
        finishedAt,
        ...(exit.message !== undefined && { message: exit.message }),
        ...(record.containerId !== undefined && { containerID: record.containerId }),
      };
      record.state = { terminated };
      if (!mayRestart || !isRestarted(terminated, options.restartPolicy)) {
        changed();
        return;
      }
      record.lastState = { terminated };
      const waitMs = failures === 0 ? 0 : Math.min(BACKOFF_MS.longest, BACKOFF_MS.first * 2 ** (failures - 1));
      failures += 1;
      if (waitMs > 0) {
        record.state = {
          waiting: { reason: 'CrashLoopBackOff', message: `back-off ${waitMs}ms restarting failed container` },
        };
        changed();
        await delay(waitMs, undefined, { signal: ended }).catch(() => undefined);
      }
      record.restartCount += 1;
    }
  };

  /** One life, from its start to its exit. */
  const once = async (): Promise<ContainerExit> => {
    try {
      running = await sandbox.start(container);
    } catch (error) {
      const reason = error instanceof CannotStart ? error.reason : 'RunContainerError';
      return { exitCode: 128, reason, message: String(error) };
    }
    const { exited } = running;
    record.containerId = running.id;
    record.state = { running: { startedAt: timestamp() } };
    const probing = watchProbes({ container, running, record, behaviour, changed, signal: ended });
    void misfortune(running);
    const exit = await exited;
    await probing.close();
    running = undefined;
    return exit;
  };

  /** What the behaviour has in store for this life. */
  const misfortune = async (container: RunningContainer): Promise<void> => {
    const { kind, times, afterMs, exitCode } = behaviour;
    const isDue = kind === 'crash-loop' || ((kind === 'oom' || kind === 'exit') && failures < times);
    if (!isDue) return;
    await delay(afterMs, undefined, { signal: ended }).catch(() => undefined);
    if (ended.aborted) return;
    container.crash(kind === 'oom' ? { exitCode: 137, reason: 'OOMKilled' } : { exitCode, reason: 'Error' });
  };

  const lived = live();
  return {
    crash: (exit) => running?.crash(exit),
    stopRestarting: () => void (mayRestart = false),
    async end(graceMs) {
      stopping.abort();
      await running?.end(graceMs);
      await lived;
    },
  };
}
