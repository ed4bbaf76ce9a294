import { reasons, type Sandbox } from '@sandpiper/api';
import { type Draft, iso } from './draft.ts';
import type { ObservedInstance } from './observation.ts';
import { hasAnswered } from './recovery.ts';

/** Writes down the one instance of a sandbox: where it is, how it was launched, how far it has come. */
export function publish(draft: Draft, instance: ObservedInstance): void {
  const { status, seen } = draft;
  const { endpoint } = seen.sandbox.status ?? {};
  if (endpoint?.uid !== instance.uid) beginLaunch(draft, instance);
  if (instance.address !== undefined) {
    const { address, uid, pod, node } = instance;
    status.endpoint = { address, uid, ...(pod && { pod }), ...(node && { node }) };
  }
  if (instance.workspace !== undefined) {
    const retain = status.workspace?.retain ?? seen.template?.spec.workspace?.retain ?? false;
    status.workspace = { claimName: instance.workspace, retain };
  }
  if (instance.templateHash !== undefined) status.templateHash = instance.templateHash;
  writeConditions(draft, instance);
}

/** Says that no instance is there to be used. */
export function withdraw(draft: Draft, reason: string, message: string): void {
  draft.set('Ready', 'False', reason, message);
  draft.clear('ToolsReady', reason);
  draft.clear('DesktopReady', reason);
}

function beginLaunch({ status, seen }: Draft, instance: ObservedInstance): void {
  const startedAt = instance.warm ? seen.now : instance.createdAt;
  status.launch = {
    type: instance.warm ? 'Warm' : 'Cold',
    requestedAt: iso(Math.min(startedAt, requestedAt(seen.sandbox))),
    startedAt: iso(startedAt),
    restarts: instance.warm ? instance.restarts : 0,
  };
}

/** What this start answers to, whichever came last: the creation, a wake, or a failure. */
function requestedAt({ metadata, spec, status }: Sandbox): number {
  const moments = [metadata.creationTimestamp, spec.wakeRequestedAt, status?.lastFailure?.at];
  return Math.max(...moments.filter((moment) => moment !== undefined).map((moment) => Date.parse(moment)));
}

function writeConditions(draft: Draft, instance: ObservedInstance): void {
  const { status, seen } = draft;
  if (instance.scheduled !== undefined) {
    const reason = instance.scheduled ? reasons.Scheduled : reasons.Unscheduled;
    draft.set('PodScheduled', instance.scheduled ? 'True' : 'False', reason);
  }
  if (instance.browserSandbox !== undefined) {
    const reason = instance.browserSandbox ? reasons.UserNamespaces : reasons.NoUserNamespaces;
    draft.set('BrowserSandbox', instance.browserSandbox ? 'True' : 'False', reason);
  }
  const wanted = seen.template?.status?.templateHash;
  if (wanted !== undefined && instance.templateHash !== undefined) {
    const matches = wanted === instance.templateHash;
    const reason = matches ? reasons.TemplateMatches : reasons.TemplateChanged;
    draft.set('UpToDate', matches ? 'True' : 'False', reason);
  }

  if (!instance.toolsReady) {
    const { reason, message } = toolsAwaited(seen.sandbox, instance);
    draft.set('ToolsReady', 'False', reason, message);
    draft.set('DesktopReady', 'False', reason, message);
    draft.set('Ready', 'False', reason, message);
    return;
  }
  draft.set('ToolsReady', 'True', reasons.Ready);
  const desktopReason = { ready: reasons.Ready, starting: reasons.DesktopStarting, off: reasons.DesktopDisabled };
  draft.set('DesktopReady', instance.desktop === 'ready' ? 'True' : 'False', desktopReason[instance.desktop]);
  if (instance.desktop === 'starting') {
    draft.set('Ready', 'False', reasons.DesktopStarting, 'Tools answer; the desktop is starting.');
    return;
  }
  draft.set('Ready', 'True', reasons.Ready);
  if (status.launch && status.launch.readyAt === undefined) {
    status.launch = { ...status.launch, readyAt: iso(seen.now) };
  }
}

function toolsAwaited(sandbox: Sandbox, instance: ObservedInstance): { reason: string; message: string } {
  if (hasAnswered(sandbox, instance))
    return { reason: reasons.Unresponsive, message: 'tool-api has stopped answering.' };
  if (instance.state === 'Pending') return { reason: reasons.Creating, message: 'The instance is not running yet.' };
  return { reason: reasons.ToolsStarting, message: 'The instance runs; tool-api is starting.' };
}
