import { randomUUID } from 'node:crypto';
import { annotations, isTrue, reasons, type Sandbox, type SandboxStatus } from '@sandpiper/api';
import { createInformer, isConflict, isNotFound, type KubeClient } from '@sandpiper/kube';
import { sandboxType } from '../kubernetes/sandbox-resources.ts';
import type { Endpoint } from '../sandboxes.ts';
import { aCondition } from './builders.ts';

/** A stand-in for the operator: it runs nothing, and lets the status of each sandbox say that its wish came true. */
export interface StandInOperator {
  /** From now on nothing starts; Ready says why, in this condition. `undefined` lets all of them start. */
  hold(why: { reason: string; message: string } | undefined): Promise<void>;
  /** Lets one fall asleep, as the idle do. */
  fallAsleep(sandbox: Sandbox): Promise<void>;
  close(): Promise<void>;
}

export interface StandInOperatorOptions {
  client: KubeClient;
  namespace: string;
  /** Where all instances answer. */
  address?: string;
  /** Of every instance; a new one for each start when left out. */
  uid?: string;
}

export async function startStandInOperator(options: StandInOperatorOptions): Promise<StandInOperator> {
  const { client, namespace, address = 'http://10.0.0.7:8080', uid } = options;
  let held: { reason: string; message: string } | undefined = { reason: reasons.Creating, message: '' };
  const informer = createInformer({ client, type: sandboxType, namespace });
  const writes = new Set<Promise<void>>();

  const write = async ({ metadata }: Sandbox, status: StatusPatch): Promise<void> => {
    const { name, resourceVersion, generation } = metadata;
    const body = { metadata: { resourceVersion }, status: { observedGeneration: generation, ...status } };
    try {
      const answer = await client.patch(
        sandboxType,
        { namespace, name },
        { type: 'merge', body },
        { subresource: 'status' },
      );
      informer.store.noteWritten(answer);
    } catch (error) {
      // It was changed or deleted: the watch tells, and then it is looked at again.
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  };
  const look = (sandbox: Sandbox): void => {
    const status = nextStatus(sandbox, () => ({ address, uid: uid ?? randomUUID() }), held);
    if (!status) return;
    const writing = write(sandbox, status).finally(() => writes.delete(writing));
    writes.add(writing);
  };
  const settled = async (): Promise<void> => {
    while (writes.size > 0) await Promise.all(writes);
  };

  informer.onChange(({ after }) => after && look(after));
  await informer.start();
  held = undefined;
  for (const sandbox of informer.store.list()) look(sandbox);

  return {
    async hold(why) {
      held = why;
      for (const sandbox of informer.store.list()) look(sandbox);
      await settled();
    },
    fallAsleep: (sandbox) => write(sandbox, asleep(reasons.Idle)),
    async close() {
      await informer.close();
      await settled();
    },
  };
}

/** A merge patch: `null` takes a field away. */
type StatusPatch = { [Field in keyof SandboxStatus]?: SandboxStatus[Field] | null };

/** What the status should say next; undefined when it says so already. Passes the phases that a real start passes. */
function nextStatus(
  { metadata, spec, status }: Sandbox,
  newEndpoint: () => Endpoint,
  held: { reason: string; message: string } | undefined,
): StatusPatch | undefined {
  if (metadata.deletionTimestamp) return undefined;
  const isAsleep = isTrue(status?.conditions, 'Suspended');
  const isWoken =
    spec.wakeRequestedAt !== undefined && Date.parse(spec.wakeRequestedAt) > Date.parse(status?.suspendedAt ?? '');
  if (spec.operatingMode === 'Suspended' || metadata.annotations?.[annotations.orphanedAt] !== undefined) {
    return isAsleep ? undefined : asleep(reasons.Requested);
  }
  if (isAsleep && !isWoken) return undefined;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True') return undefined;
  if (held) return ready?.reason === held.reason ? undefined : starting(held.reason, held.message);
  return ready === undefined || isAsleep ? starting(reasons.Creating, 'Being made.') : running(newEndpoint());
}

function asleep(reason: string): StatusPatch {
  const conditions = [aCondition('Ready', 'False', reason), aCondition('Suspended', 'True', reason, 'It sleeps.')];
  return { conditions, endpoint: null, suspendedAt: new Date().toISOString() };
}

function starting(reason: string, message: string): StatusPatch {
  return { conditions: [aCondition('Ready', 'False', reason, message)], endpoint: null, suspendedAt: null };
}

function running(endpoint: Endpoint): StatusPatch {
  const conditions = ['Ready', 'ToolsReady', 'DesktopReady'].map((type) => aCondition(type, 'True', reasons.Ready));
  return { conditions, endpoint };
}
