import { setTimeout as delay } from 'node:timers/promises';
import { core, isConflict, isNotFound, type KubeClient, keyOf, type Pod, type PodStatus } from '@sandpiper/kube';
import type { Print } from '../print.ts';
import type { PodRecord } from './record.ts';
import { statusOf } from './status.ts';

export interface StatusWriter {
  /** Says that the record has changed. Changes while a write is on its way share the next one. */
  note(): void;
  /** Resolves when all that was noted is written, or the pod is gone. */
  settled(): Promise<void>;
  /** Nothing is written until `resume`: a node that nobody hears. */
  pause(): void;
  resume(): void;
  close(): void;
}

export interface StatusWriterOptions {
  client: KubeClient;
  record: PodRecord;
  /** The pod as last seen. */
  pod: () => Pod;
  print: Print;
}

const retryMs = 250;

/** Writes the status of one pod, one patch at a time, and none when nothing changed. */
export function createStatusWriter({ client, record, pod, print }: StatusWriterOptions): StatusWriter {
  const closing = new AbortController();
  let written: PodStatus | undefined = pod().status;
  let writtenText = '';
  let isDirty = false;
  let isPaused = false;
  let writing: Promise<void> | undefined;

  const isClosed = (): boolean => closing.signal.aborted;

  const write = async (): Promise<void> => {
    while (isDirty && !isPaused && !closing.signal.aborted) {
      isDirty = false;
      const { metadata, spec } = pod();
      const status = statusOf({ record, spec: spec ?? { containers: [] }, before: written, now: timestamp() });
      const text = JSON.stringify(status);
      if (text === writtenText) continue;
      try {
        // The uid is a precondition: another pod of the same name is not ours to describe.
        const body = { metadata: { uid: metadata.uid }, status };
        const answer = await client.patch(
          core.pods,
          keyOf(pod()),
          { type: 'strategic', body },
          { subresource: 'status', signal: closing.signal },
        );
        written = answer.status;
        writtenText = text;
      } catch (error) {
        if (isClosed() || isNotFound(error) || isConflict(error)) return;
        print(`the status of ${metadata.name} could not be written: ${String(error)}`);
        isDirty = true;
        await delay(retryMs, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  };
  const start = (): void => {
    writing ??= write().finally(() => {
      writing = undefined;
      if (isDirty && !isPaused && !closing.signal.aborted) start();
    });
  };
  return {
    note() {
      isDirty = true;
      if (!isPaused) start();
    },
    async settled() {
      while (writing !== undefined) await writing;
    },
    pause: () => void (isPaused = true),
    resume() {
      isPaused = false;
      if (isDirty) start();
    },
    close: () => closing.abort(),
  };
}

/** Now, as Kubernetes writes it: in seconds. */
export const timestamp = (): string => new Date().toISOString().replace(/\.\d+Z$/, 'Z');
