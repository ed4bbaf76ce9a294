import { type Condition, type SandboxTemplate, type SandboxTemplateStatus } from '@sandpiper/api';
import {
  type EventRecorder,
  isConflict,
  isNotFound,
  type KubeClient,
  type ObjectKey,
  type Result,
} from '@sandpiper/kube';
import type { Caches } from '../caches.ts';
import { CONFLICT_AGAIN_MS } from '../conflict.ts';
import { sandboxTemplates } from '../resources.ts';
import { proveTemplate, type Verdict } from './prove.ts';
import type { Surroundings } from './surroundings.ts';
import { templateHash } from './template-hash.ts';

export interface TemplateContext {
  client: KubeClient;
  caches: Caches;
  events: EventRecorder;
  surroundings: Surroundings;
  /** Epoch ms. */
  now: () => number;
}

/** Proves a template, and keeps what its sandboxes need beside a pod: their network policy and the public keys. */
export async function reconcileTemplate(context: TemplateContext, key: ObjectKey): Promise<Result | undefined> {
  const template = context.caches.templates.store.get(key);
  if (!template || template.metadata.deletionTimestamp) return undefined;
  await context.surroundings.keep(template);
  const hash = templateHash(template);
  // Asked once for each change: the answer is the server's, and does not change with the cluster's load.
  if (isProved(template, hash)) return undefined;
  const verdict = await proveTemplate(context.client, template, hash);
  if (!verdict) return { requeueAfterMs: 30_000 };
  const isWritten = await writeStatus(context, template, hash, verdict);
  return isWritten ? undefined : { requeueAfterMs: CONFLICT_AGAIN_MS };
}

function isProved({ metadata, status }: SandboxTemplate, hash: string): boolean {
  return status?.observedGeneration === metadata.generation && status.templateHash === hash;
}

async function writeStatus(
  { client, caches, events, now }: TemplateContext,
  template: SandboxTemplate,
  hash: string,
  verdict: Verdict,
): Promise<boolean> {
  const status: SandboxTemplateStatus = {
    observedGeneration: template.metadata.generation,
    templateHash: hash,
    conditions: [validCondition(template, verdict, now())],
  };
  try {
    const written = await client.replace(sandboxTemplates, { ...template, status }, { subresource: 'status' });
    caches.templates.store.noteWritten(written);
    if (verdict.valid) return true;
    const { reason, message: note } = verdict;
    events.record({ regarding: written, type: 'Warning', reason, action: 'Prove', note });
    return true;
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error;
    return false;
  }
}

function validCondition({ metadata, status }: SandboxTemplate, verdict: Verdict, now: number): Condition {
  const value = verdict.valid ? 'True' : 'False';
  const before = status?.conditions?.find(({ type }) => type === 'Valid');
  return {
    type: 'Valid',
    status: value,
    reason: verdict.reason,
    message: verdict.message,
    observedGeneration: metadata.generation,
    lastTransitionTime: before?.status === value ? before.lastTransitionTime : new Date(now).toISOString(),
  };
}
