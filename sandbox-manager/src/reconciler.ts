import { decide } from '@sandpiper/lifecycle';
import type { Decision } from '@sandpiper/lifecycle';
import { act, type Hands } from './act.ts';
import type { Log } from './log.ts';
import { type Eyes, type Memory, observe } from './observe.ts';
import { createWorkQueue } from './work-queue.ts';

/** Brings sandboxes to what is wished, one at a time per sandbox: observe, decide, write the status, act, again. */
export interface Reconciler {
  /** Something about this sandbox may have changed. */
  enqueue(name: string): void;
  /** Writes down that the host has ended all instances: they are suspended, not lost. Only after `close`. */
  recordHostStop(): void;
  close(): Promise<void>;
}

export function createReconciler(context: Eyes & Hands, log: Log): Reconciler {
  const { store } = context;
  const memories = new Map<string, Memory>();

  const queue = createWorkQueue(reconcile, (name, error, retryInMs) => {
    log.error({ err: error, sandbox: name, retryInMs }, 'reconcile failed');
  });

  async function reconcile(name: string): Promise<void> {
    const sandbox = store.get(name);
    if (!sandbox) {
      memories.delete(name);
      return;
    }
    const memory = memories.get(name) ?? {};
    memories.set(name, memory);

    const seen = await observe(context, sandbox, memory);
    const decision = decide(seen);
    const outcome = store.writeStatus(name, sandbox.metadata.resourceVersion, decision.status);
    if (outcome === 'conflict') {
      // Somebody changed the wish while we looked: what was decided may no longer be wanted.
      queue.add(name);
      return;
    }
    if (outcome === 'written') report(log, name, decision);
    for (const action of decision.actions) {
      log.debug({ sandbox: name, action }, 'act');
      await act(context, sandbox, memory, action);
    }
    if (decision.actions.length > 0) queue.add(name);
    else if (decision.requeueAfterMs !== undefined) queue.addAfter(name, decision.requeueAfterMs);
  }

  return {
    enqueue: (name) => queue.add(name),
    recordHostStop() {
      for (const sandbox of store.list()) {
        const { name, resourceVersion } = sandbox.metadata;
        const template = context.templates.get(sandbox.spec.templateRef.name);
        const bare = { now: context.now(), sandbox, template, instances: [], workspaces: [], candidates: [] };
        store.writeStatus(name, resourceVersion, decide({ ...bare, hostStopping: true }).status);
      }
    },
    close: () => queue.close(),
  };
}

function report(log: Log, name: string, decision: Decision): void {
  for (const { type, reason, message } of decision.events) {
    if (type === 'Warning') log.warn({ sandbox: name, reason }, message);
    else log.info({ sandbox: name, reason }, message);
  }
}
