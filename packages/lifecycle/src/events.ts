import { findCondition, isTrue, reasons, type SandboxStatus } from '@sandpiper/api';
import type { LifecycleEvent } from './decision.ts';

/** Reasons of `Ready` that are told of; what is kept as the last failure is told of as that. */
const TROUBLES: ReadonlySet<string> = new Set([
  reasons.NameConflict,
  reasons.TemplateNotFound,
  reasons.TemplateInvalid,
  reasons.PoolExhausted,
  reasons.NamespaceTerminating,
]);

/** What a person would want to read about a change of status. A decision that changes nothing has no events. */
export function eventsBetween(before: SandboxStatus, after: SandboxStatus): LifecycleEvent[] {
  const events: LifecycleEvent[] = [];

  if (after.lastFailure && after.lastFailure.at !== before.lastFailure?.at) {
    events.push({ type: 'Warning', reason: after.lastFailure.reason, message: after.lastFailure.message });
  }

  const ready = findCondition(after.conditions, 'Ready');
  const readyBefore = findCondition(before.conditions, 'Ready');
  if (ready?.status === 'True' && readyBefore?.status !== 'True') {
    events.push({ type: 'Normal', reason: ready.reason, message: readyMessage(after) });
  } else if (ready && TROUBLES.has(ready.reason) && ready.reason !== readyBefore?.reason) {
    events.push({ type: 'Warning', reason: ready.reason, message: ready.message });
  }

  const suspended = findCondition(after.conditions, 'Suspended');
  if (suspended && (suspended.status === 'True') !== isTrue(before.conditions, 'Suspended')) {
    const reason = suspended.status === 'True' ? `Suspended${suspended.reason}` : suspended.reason;
    events.push({ type: 'Normal', reason, message: suspended.message });
  }

  const finished = findCondition(after.conditions, 'Finished');
  if (finished?.status === 'True' && !isTrue(before.conditions, 'Finished')) {
    const type = finished.reason === reasons.Expired ? 'Normal' : 'Warning';
    events.push({ type, reason: finished.reason, message: finished.message });
  }

  const clocks = findCondition(after.conditions, 'ClockSynchronized');
  if (clocks && clocks.status !== (findCondition(before.conditions, 'ClockSynchronized')?.status ?? 'True')) {
    const type = clocks.status === 'True' ? 'Normal' : 'Warning';
    events.push({ type, reason: clocks.reason, message: clocks.message });
  }
  return events;
}

function readyMessage({ launch }: SandboxStatus): string {
  if (!launch?.readyAt) return 'Ready.';
  const tookMs = Date.parse(launch.readyAt) - Date.parse(launch.requestedAt);
  return `Ready after ${tookMs} ms (${launch.type.toLowerCase()} start).`;
}
