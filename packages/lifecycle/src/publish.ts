import { findCondition, reasons, type Sandbox } from '@sandpiper/api';
import { type Draft, iso } from './draft.ts';
import { hasAnswered } from './failure.ts';
import type { ObservedInstance } from './observation.ts';
import { findWorkspace, isOwnWorkspace, isRetained } from './ownership.ts';
import { isLost, troubleOf } from './trouble.ts';
import { steadyWords } from './words.ts';

/** Writes down the one instance of a sandbox: where it is, how it was launched, how far it has come. */
export function publish(draft: Draft, instance: ObservedInstance): void {
  const { status } = draft;
  recordStart(draft, instance);
  if (instance.address !== undefined) {
    const { address, uid, pod, node } = instance;
    status.endpoint = { address, uid, ...(pod && { pod }), ...(node && { node }) };
  } else if (status.endpoint?.uid !== instance.uid) delete status.endpoint;
  if (instance.templateHash !== undefined) status.templateHash = instance.templateHash;
  writeConditions(draft, instance);
}

/** Writes down that an instance was started, and on which workspace, whatever becomes of it. */
export function recordStart(draft: Draft, instance: ObservedInstance): void {
  const { status, seen } = draft;
  if (seen.sandbox.status?.endpoint?.uid !== instance.uid) beginLaunch(draft, instance);
  const { workspace: name } = instance;
  if (name === undefined) return;
  const found = findWorkspace(seen, name);
  if (found && found.ownerUid !== undefined && !isOwnWorkspace(seen.sandbox, found)) return;
  status.workspace = { claimName: name, retain: isRetained(seen, name) };
}

/** Says that no instance is there to be used. */
export function withdraw(draft: Draft, reason: string, message: string): void {
  const before = findCondition(draft.status.conditions, 'Ready');
  draft.set('Ready', 'False', reason, steadyWords(before, reason, message));
  draft.clear('ToolsReady', reason);
  draft.clear('DesktopReady', reason);
}

function beginLaunch({ status, seen }: Draft, instance: ObservedInstance): void {
  const { launch } = status;
  const startedAt = instance.warm ? seen.now : instance.createdAt;
  // It was recorded before it had an address.
  if (launch?.startedAt === iso(startedAt) && launch.readyAt === undefined) return;
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
  writeFacts(draft, instance);
  const { status, seen } = draft;
  if (isLost(instance) || !instance.toolsReady) {
    const { reason, message } = toolsAwaited(draft, instance);
    // Of what runs on a silent node nothing is known, only that it cannot be used.
    const value = isLost(instance) ? 'Unknown' : 'False';
    draft.set('ToolsReady', value, reason, message);
    draft.set('DesktopReady', value, reason, message);
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
  const { launch } = status;
  if (launch && launch.readyAt === undefined) {
    // By two clocks it may seem to have been ready before it was started.
    const readyAt = Math.max(seen.now, Date.parse(launch.startedAt ?? launch.requestedAt));
    status.launch = { ...launch, readyAt: iso(readyAt) };
  }
}

/** What is known of an instance whether it answers or not. */
function writeFacts(draft: Draft, instance: ObservedInstance): void {
  if (instance.scheduled === true) draft.set('PodScheduled', 'True', reasons.Scheduled);
  if (instance.scheduled === false) {
    const { reason, message } = troubleOf(instance) ?? { reason: reasons.Unscheduled, message: '' };
    const before = findCondition(draft.status.conditions, 'PodScheduled');
    draft.set('PodScheduled', 'False', reason, steadyWords(before, reason, message));
  }
  if (instance.browserSandbox !== undefined) {
    const reason = instance.browserSandbox ? reasons.UserNamespaces : reasons.NoUserNamespaces;
    draft.set('BrowserSandbox', instance.browserSandbox ? 'True' : 'False', reason);
  }
  const wanted = draft.seen.template?.status?.templateHash;
  if (wanted !== undefined && instance.templateHash !== undefined) {
    const matches = wanted === instance.templateHash;
    const reason = matches ? reasons.TemplateMatches : reasons.TemplateChanged;
    draft.set('UpToDate', matches ? 'True' : 'False', reason);
  }
}

function toolsAwaited({ seen, status }: Draft, instance: ObservedInstance): { reason: string; message: string } {
  const trouble = troubleOf(instance);
  if (trouble) {
    const { reason, message } = trouble;
    return { reason, message: steadyWords(findCondition(status.conditions, 'Ready'), reason, message) };
  }
  if (hasAnswered(seen.sandbox, instance)) {
    return { reason: reasons.Unresponsive, message: 'tool-api has stopped answering.' };
  }
  if (instance.state === 'Pending') return { reason: reasons.Creating, message: 'The instance is not running yet.' };
  return { reason: reasons.ToolsStarting, message: 'The instance runs; tool-api is starting.' };
}
