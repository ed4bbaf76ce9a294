import { setTimeout as delay } from 'node:timers/promises';
import { core, isConflict, type Container, type KubeClient, keyOf, type Pod } from '@sandpiper/kube';
import { type Behaviour, behaviourAnnotation, parseBehaviour } from '../behaviour.ts';
import type { Print } from '../print.ts';
import { CannotStart, type ContainerExit, type Runtime } from '../runtime/runtime.ts';
import { runContainer, type ContainerRun } from './container-run.ts';
import { recordOf } from './record.ts';
import { createStatusWriter, timestamp } from './status-writer.ts';

/** One pod on its way from binding to its end. */
export interface PodWorker {
  readonly uid: string;
  /** The pod has changed. */
  update(pod: Pod): void;
  /** Ends its containers so; they start again as its restart policy says. */
  crash(exit: ContainerExit): void;
  /** Ends it for good, as a node that is short of something does. */
  evict(message: string): void;
  pause(): void;
  resume(): void;
  /** Ends what runs, and says nothing of it. */
  close(): Promise<void>;
}

export interface PodWorkerOptions {
  client: KubeClient;
  runtime: Runtime;
  pod: Pod;
  address: string;
  hostIp: string;
  behaviourOf?: ((pod: Pod) => string | undefined) | undefined;
  print: Print;
}

export function startPodWorker(options: PodWorkerOptions): PodWorker {
  const { client, runtime, address, hostIp, print } = options;
  let { pod } = options;
  const uid = pod.metadata.uid ?? '';
  const stopping = new AbortController();
  const record = recordOf(pod, { hostIp, now: timestamp() });
  const writer = createStatusWriter({ client, record, pod: () => pod, print });
  const runs: ContainerRun[] = [];
  const deleted = Promise.withResolvers<undefined>();
  const behaviour = readBehaviour(pod, options.behaviourOf, print);

  const live = async (): Promise<void> => {
    await wait(behaviour.startMs);
    if (stopping.signal.aborted) return;
    record.ip = address;
    if (behaviour.kind === 'image-pull-failure') return failToPull();
    const sandbox = await runtime.prepare(pod, address);
    try {
      for (const container of pod.spec?.containers ?? []) {
        const run = runContainer({
          container,
          record: recordFor(container),
          sandbox,
          behaviour,
          restartPolicy: pod.spec?.restartPolicy,
          changed: () => writer.note(),
          signal: stopping.signal,
        });
        runs.push(run);
      }
      void suffer();
      await deleted.promise;
    } finally {
      stopping.abort();
      await Promise.all(runs.map((run) => run.end(graceOf(pod))));
      await sandbox.remove();
    }
  };

  /** What the behaviour has in store for it. */
  const suffer = async (): Promise<void> => {
    if (behaviour.kind !== 'evict') return;
    await wait(behaviour.afterMs);
    if (!stopping.signal.aborted) evict('The node was low on resource: memory.');
  };

  const failToPull = async (): Promise<void> => {
    const image = pod.spec?.containers[0]?.image ?? '';
    const say = (reason: string, message: string): void => {
      for (const container of record.containers) container.state = { waiting: { reason, message } };
      writer.note();
    };
    say('ErrImagePull', `failed to pull and unpack image "${image}": not found`);
    await wait(300);
    say(
      'ImagePullBackOff',
      `Back-off pulling image "${image}": ErrImagePull: failed to pull and unpack image: not found`,
    );
    await deleted.promise;
  };

  const evict = (message: string): void => {
    record.failure = { reason: 'Evicted', message };
    for (const run of runs) run.stopRestarting();
    for (const run of runs) run.crash({ exitCode: 137, reason: 'Error' });
    for (const container of record.containers) container.ready = false;
    writer.note();
  };

  const wait = (ms: number): Promise<void> =>
    ms === 0
      ? Promise.resolve()
      : Promise.race([delay(ms, undefined, { signal: stopping.signal }).catch(() => undefined), deleted.promise]);

  const recordFor = ({ name }: Container) => {
    const found = record.containers.find((each) => each.name === name);
    if (!found) throw new Error(`The pod has no container ${name}.`);
    return found;
  };

  /** The API server forgets a pod only when its node says that it has ended. */
  const forget = async (): Promise<void> => {
    if (behaviour.kind === 'stuck-terminating') return;
    try {
      await client.delete(core.pods, keyOf(pod), { preconditions: { uid }, gracePeriodSeconds: 0 });
    } catch (error) {
      if (!isConflict(error)) print(`the pod ${pod.metadata.name} could not be let go: ${String(error)}`);
    }
  };

  let isClosed = false;
  const lived = live()
    .catch((error: unknown) => {
      const reason = error instanceof CannotStart ? error.reason : 'CreateContainerError';
      for (const container of record.containers) container.state = { waiting: { reason, message: String(error) } };
      writer.note();
      return deleted.promise;
    })
    .then(async () => {
      writer.close();
      if (!isClosed) await forget();
    });

  return {
    uid,
    update(next) {
      pod = next;
      if (next.metadata.deletionTimestamp !== undefined) deleted.resolve(undefined);
    },
    crash: (exit) => {
      for (const run of runs) run.crash(exit);
    },
    evict,
    pause: () => writer.pause(),
    resume: () => writer.resume(),
    async close() {
      isClosed = true;
      stopping.abort();
      deleted.resolve(undefined);
      await lived;
    },
  };
}

function readBehaviour(pod: Pod, behaviourOf: PodWorkerOptions['behaviourOf'], print: Print): Behaviour {
  const text = behaviourOf?.(pod) ?? pod.metadata.annotations?.[behaviourAnnotation] ?? 'run';
  try {
    return parseBehaviour(text);
  } catch (error) {
    print(`the behaviour of ${pod.metadata.name} is not understood: ${String(error)}`);
    return parseBehaviour('run');
  }
}

/** Its own word, or what the deletion asked for; never longer than a test has patience. */
function graceOf({ metadata, spec }: Pod): number {
  const seconds = metadata.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? 30;
  return Math.min(seconds * 1000, 5000);
}
