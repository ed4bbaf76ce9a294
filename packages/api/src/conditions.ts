import type { Condition } from './meta.ts';

/** Condition types of a Sandbox. */
export const conditionTypes = [
  'Ready',
  'PodScheduled',
  'ToolsReady',
  'DesktopReady',
  'BrowserSandbox',
  'Suspended',
  'Finished',
  'UpToDate',
  'ClockSynchronized',
] as const;
export type ConditionType = (typeof conditionTypes)[number];

/** Condition types of a SandboxTemplate. */
export const templateConditionTypes = ['Valid'] as const;
export type TemplateConditionType = (typeof templateConditionTypes)[number];

/** Condition types of a SandboxPool. */
export const poolConditionTypes = ['Available', 'Progressing'] as const;
export type PoolConditionType = (typeof poolConditionTypes)[number];

type AnyConditionType = ConditionType | TemplateConditionType | PoolConditionType;

/** Reasons that conditions, events and `lastFailure` of a Sandbox carry; a driver may add its own causes of an exit. */
export const reasons = {
  // Ready
  Ready: 'Ready',
  Creating: 'Creating',
  ToolsStarting: 'ToolsStarting',
  DesktopStarting: 'DesktopStarting',
  DesktopDisabled: 'DesktopDisabled',
  TemplateNotFound: 'TemplateNotFound',
  TemplateInvalid: 'TemplateInvalid',
  NameConflict: 'NameConflict',
  PoolExhausted: 'PoolExhausted',
  RestartBackoff: 'RestartBackoff',
  Suspending: 'Suspending',
  Deleting: 'Deleting',
  // Ready and lastFailure: what keeps an instance from being made, or from getting on
  PodRefused: 'PodRefused',
  QuotaExceeded: 'QuotaExceeded',
  NamespaceTerminating: 'NamespaceTerminating',
  Unschedulable: 'Unschedulable',
  ImagePull: 'ImagePull',
  NodeLost: 'NodeLost',
  // PodScheduled
  Scheduled: 'Scheduled',
  Unscheduled: 'Unscheduled',
  // Suspended
  Idle: 'Idle',
  Requested: 'Requested',
  Orphaned: 'Orphaned',
  HostStopped: 'HostStopped',
  Awake: 'Awake',
  // Finished
  Expired: 'Expired',
  CrashLoop: 'CrashLoop',
  NotRestarted: 'NotRestarted',
  InUse: 'InUse',
  // BrowserSandbox
  UserNamespaces: 'UserNamespaces',
  NoUserNamespaces: 'NoUserNamespaces',
  // UpToDate
  TemplateMatches: 'TemplateMatches',
  TemplateChanged: 'TemplateChanged',
  // ClockSynchronized
  ClocksAgree: 'ClocksAgree',
  ClocksDiffer: 'ClocksDiffer',
  // lastFailure
  InstanceLost: 'InstanceLost',
  InstanceFailed: 'InstanceFailed',
  StartTimeout: 'StartTimeout',
  Unresponsive: 'Unresponsive',
  CreateFailed: 'CreateFailed',
  InstanceDeleted: 'InstanceDeleted',
  Evicted: 'Evicted',
  Preempted: 'Preempted',
  NodeShutdown: 'NodeShutdown',
  OOMKilled: 'OOMKilled',
} as const;

export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: AnyConditionType,
): Condition | undefined {
  return conditions?.find((candidate) => candidate.type === type);
}

export function isTrue(conditions: readonly Condition[] | undefined, type: AnyConditionType): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/**
 * Replaces one condition in a list, or appends it. `lastTransitionTime` moves only when the status changes, so that
 * saying the same thing again leaves the list equal.
 */
export function setCondition(
  conditions: readonly Condition[],
  next: Omit<Condition, 'lastTransitionTime' | 'type'> & { type: AnyConditionType },
  now: string,
): Condition[] {
  const before = findCondition(conditions, next.type);
  const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime : now;
  const replaced: Condition = { ...next, lastTransitionTime };
  if (!before) return [...conditions, replaced];
  return conditions.map((candidate) => (candidate.type === next.type ? replaced : candidate));
}
