import type { Sandbox } from '@sandpiper/api';
import { decide, type Decision, TIMES } from '@sandpiper/lifecycle';
import {
  type EventRecorder,
  isConflict,
  isNotFound,
  keyOf,
  keyText,
  type KubeClient,
  type ObjectKey,
  type Result,
} from '@sandpiper/kube';
import type { Logger } from 'pino';
import { CONFLICT_AGAIN_MS } from '../conflict.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { sandboxes } from '../resources.ts';
import { act } from './act.ts';
import type { Hands } from './hands.ts';
import { beginLaunch, recordLaunch } from './launch-record.ts';
import type { Memories } from './memories.ts';
import type { Memory } from './memory.ts';
import { type Eyes, lookLive, observe } from './observe.ts';

export interface SandboxContext extends Eyes, Hands {
  memories: Memories;
  events: EventRecorder;
  metrics: OperatorMetrics;
  log: Logger;
  /** Ms of a clock that never goes back. */
  monotonicMs: () => number;
}

/** Looks in one pass; more would be a decision that does not come to rest, and the queue bounds those. */
const MAX_LOOKS = 8;

/** Brings one sandbox to what is wished: observe, decide, act, look again until nothing is left to do, write the status. */
export async function reconcileSandbox(context: SandboxContext, key: ObjectKey): Promise<Result | undefined> {
  const { caches, memories, warmPods } = context;
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    const sandbox = caches.sandboxes.store.get(key);
    if (!sandbox) {
      memories.forget(key);
      return undefined;
    }
    const memory = memories.of(sandbox);
    // Whether it is still there can only be asked.
    if (look === 0) delete memory.foreign;
    try {
      const next = await step(context, sandbox, memory);
      if (next !== 'look again') return next;
    } finally {
      warmPods.release(sandbox.metadata.uid);
    }
  }
  return { requeueAfterMs: 100 };
}

/** One look, and what follows from it. */
async function step(
  context: SandboxContext,
  sandbox: Sandbox,
  memory: Memory,
): Promise<Result | undefined | 'look again'> {
  let decision = decide(observe(context, sandbox, memory, false));
  if (decision.confirm) {
    await lookLive(context.client, context.caches, sandbox);
    decision = decide(observe(context, sandbox, memory, true));
  }
  const { statusWrite, actions, requeueAfterMs } = decision;
  if (statusWrite === 'first') {
    const written = await writeStatus(context, sandbox, memory, decision);
    if (written === 'stale') return { requeueAfterMs: CONFLICT_AGAIN_MS };
    // What the decision rests on is stored now; what follows is guarded by the version after it.
    sandbox = written;
  }
  for (const action of actions) {
    if (action.type === 'createInstance' || action.type === 'adoptInstance') beginLaunch(context, memory);
    context.log.debug({ sandbox: keyText(keyOf(sandbox)), action }, 'act');
    if ((await act(context, sandbox, memory, action)) === 'stale') return 'look again';
  }
  // Of a resource that goes the watch will tell; looking again at once would find it as it was.
  if (actions.some(({ type }) => type === 'deleteSandbox' || type === 'finalizeSandbox')) return undefined;
  if (actions.length > 0) {
    // What is to be stored in this pass may be what an action rests on: without it the next look would ask for it again.
    if (statusWrite === 'now') await writeStatus(context, sandbox, memory, decision);
    return 'look again';
  }
  return restOf(await settle(context, sandbox, memory, decision), requeueAfterMs);
}

/**
 * Writes what is worth a write. What only tells of progress waits a little for something newer: most starts are over
 * before it would have been read.
 *
 * @returns ms until what is held back, or was refused, has to be written
 */
async function settle(
  context: SandboxContext,
  sandbox: Sandbox,
  memory: Memory,
  decision: Decision,
): Promise<number | undefined> {
  if (decision.statusWrite === 'none') {
    delete memory.heldSinceMs;
    return undefined;
  }
  if (decision.statusWrite === 'soon') {
    memory.heldSinceMs ??= context.monotonicMs();
    const leftMs = memory.heldSinceMs + TIMES.progressMs - context.monotonicMs();
    if (leftMs > 0) return leftMs;
  }
  const written = await writeStatus(context, sandbox, memory, decision);
  return written === 'stale' ? CONFLICT_AGAIN_MS : undefined;
}

/** Stores the status, guarded by the version that was observed. `stale` when the wish has changed: the watch will tell. */
async function writeStatus(
  context: SandboxContext,
  sandbox: Sandbox,
  memory: Memory,
  decision: Decision,
): Promise<Sandbox | 'stale'> {
  const { client, caches, events } = context;
  try {
    const written = await replaceStatus(client, { ...sandbox, status: decision.status });
    caches.sandboxes.store.noteWritten(written);
    delete memory.heldSinceMs;
    for (const { type, reason, message } of decision.events) {
      events.record({ regarding: written, type, reason, action: 'Reconcile', note: message });
    }
    recordLaunch(context, memory, written);
    return written;
  } catch (error) {
    if (isConflict(error) || isNotFound(error)) return 'stale';
    throw error;
  }
}

function replaceStatus(client: KubeClient, sandbox: Sandbox): Promise<Sandbox> {
  return client.replace(sandboxes, sandbox, { subresource: 'status' });
}

function restOf(heldMs: number | undefined, requeueAfterMs: number | undefined): Result | undefined {
  const next = Math.min(heldMs ?? Infinity, requeueAfterMs ?? Infinity);
  return next === Infinity ? undefined : { requeueAfterMs: next };
}
