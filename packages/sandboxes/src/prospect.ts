import { annotations, findCondition, isTrue, reasons, type Sandbox } from '@sandpiper/api';
import { SandboxError } from './errors.ts';
import type { ConnectOptions, Endpoint } from './sandboxes.ts';

/** What one look at a sandbox means for somebody who waits for it. */
export type Prospect =
  | { kind: 'ready'; endpoint: Endpoint }
  | { kind: 'wait' }
  /** It sleeps, and only a wake changes that. */
  | { kind: 'asleep'; byWish: boolean }
  | { kind: 'hopeless'; error: SandboxError };

/** Reads off the resource whether it can be used now, later, or never. Pure. */
export function prospectOf(sandbox: Sandbox | undefined, sessionId: string, need: ConnectOptions['need']): Prospect {
  if (!sandbox) return hopeless('SANDBOX_NOT_FOUND', `The session ${sessionId} has no sandbox.`);
  const { metadata, spec, status } = sandbox;
  const conditions = status?.conditions;
  if (metadata.deletionTimestamp) return hopeless('SANDBOX_DELETING', 'This sandbox is being deleted.');

  // What was found for an earlier wish says nothing about this one.
  const isCurrent = status?.observedGeneration === metadata.generation;
  const finished = findCondition(conditions, 'Finished');
  if (isCurrent && finished?.status === 'True') {
    const code = finished.reason === reasons.Expired ? 'SANDBOX_FINISHED' : 'SANDBOX_FAILED';
    return hopeless(code, finished.message);
  }
  const ready = findCondition(conditions, 'Ready');
  if (isCurrent && ready && HOPELESS.has(ready.reason)) {
    return hopeless('SANDBOX_FAILED', ready.message);
  }
  if (spec.operatingMode === 'Suspended') return { kind: 'asleep', byWish: true };
  if (metadata.annotations?.[annotations.orphanedAt] !== undefined) return { kind: 'asleep', byWish: false };
  if (isTrue(conditions, 'Suspended')) return isWaking(sandbox) ? { kind: 'wait' } : { kind: 'asleep', byWish: false };

  if (!isTrue(conditions, 'ToolsReady') || !status?.endpoint) return { kind: 'wait' };
  if (need === 'desktop' && !isTrue(conditions, 'DesktopReady')) {
    const desktop = findCondition(conditions, 'DesktopReady');
    if (desktop?.reason !== reasons.DesktopDisabled) return { kind: 'wait' };
    return hopeless('SANDBOX_FAILED', 'The template of this sandbox has no desktop.');
  }
  return { kind: 'ready', endpoint: { address: status.endpoint.address, uid: status.endpoint.uid } };
}

/** Reasons of Ready that only an administrator can change. */
const HOPELESS = new Set<string>([reasons.NameConflict, reasons.TemplateNotFound, reasons.TemplateInvalid]);

function isWaking({ spec, status }: Sandbox): boolean {
  if (spec.wakeRequestedAt === undefined) return false;
  return status?.suspendedAt === undefined || Date.parse(spec.wakeRequestedAt) > Date.parse(status.suspendedAt);
}

function hopeless(code: SandboxError['code'], message: string): Prospect {
  return { kind: 'hopeless', error: new SandboxError(code, message) };
}
