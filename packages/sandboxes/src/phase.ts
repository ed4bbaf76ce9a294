import { type Condition, findCondition, isTrue, reasons, type Sandbox } from '@sandpiper/api';

export const phaseNames = [
  'none',
  'creating',
  'starting-tools',
  'starting-desktop',
  'ready',
  'suspending',
  'suspended',
  'failed',
  'finished',
] as const;
export type PhaseName = (typeof phaseNames)[number];

/** What a person is shown about a sandbox. */
export interface SandboxPhase {
  phase: PhaseName;
  /** The condition's reason: one word for programs. */
  reason: string;
  /** A sentence for people; may be empty. */
  message: string;
  /** Epoch ms at which this phase began. */
  sinceMs: number;
  /** How it was launched and how long that took, once known. */
  launch?: { type: 'Warm' | 'Cold'; durationMs?: number };
  /** Why the previous instance ended against its will. */
  lastFailure?: { reason: string; message: string; at: string; consecutive: number };
  /** Whether tools answer: true before the desktop does, and while it restarts. */
  toolsReady: boolean;
  /** False when Chromium runs without its own sandbox; undefined while unknown. */
  browserSandboxed?: boolean;
}

/** Maps the state of a sandbox to the phase that a UI shows. Pure; `undefined` is a session that has none yet. */
export function phaseOf(sandbox: Sandbox | undefined): SandboxPhase {
  if (!sandbox) return { phase: 'none', reason: 'None', message: '', sinceMs: 0, toolsReady: false };
  const { phase, because, since } = find(sandbox);
  return {
    phase,
    reason: because?.reason ?? reasons.Creating,
    message: because?.message ?? '',
    sinceMs: Date.parse(since ?? because?.lastTransitionTime ?? sandbox.metadata.creationTimestamp),
    toolsReady: isTrue(sandbox.status?.conditions, 'ToolsReady'),
    ...facts(sandbox),
  };
}

interface Found {
  phase: PhaseName;
  because?: Condition | undefined;
  since?: string | undefined;
}

function find(sandbox: Sandbox): Found {
  const { status, metadata } = sandbox;
  const conditions = status?.conditions;
  const ready = findCondition(conditions, 'Ready');
  const finished = findCondition(conditions, 'Finished');
  const suspended = findCondition(conditions, 'Suspended');

  if (metadata.deletionTimestamp) return { phase: 'finished', because: ready, since: metadata.deletionTimestamp };
  if (finished?.status === 'True') {
    return { phase: finished.reason === reasons.Expired ? 'finished' : 'failed', because: finished };
  }
  if (suspended?.status === 'True') {
    // Status says Suspended before the instance is gone: the endpoint is what tells the two apart.
    return { phase: status?.endpoint ? 'suspending' : 'suspended', because: suspended };
  }
  if (!ready) return { phase: 'creating', since: metadata.creationTimestamp };
  if (ready.status === 'True') return { phase: 'ready', because: ready };
  switch (ready.reason) {
    case reasons.Unresponsive:
      return { phase: 'starting-tools', because: ready };
    case reasons.ToolsStarting:
      return { phase: 'starting-tools', because: ready, since: status?.launch?.startedAt };
    case reasons.DesktopStarting:
      return {
        phase: 'starting-desktop',
        because: ready,
        since: findCondition(conditions, 'ToolsReady')?.lastTransitionTime,
      };
    case reasons.NodeLost:
      // It may come back with its node; without an endpoint it is the end of the one before that is waited for.
      return { phase: status?.endpoint ? 'starting-tools' : 'creating', because: ready };
    case reasons.Suspending:
      return { phase: 'suspending', because: ready };
    case reasons.NameConflict:
    case reasons.TemplateNotFound:
    case reasons.TemplateInvalid:
    case reasons.NamespaceTerminating:
      return { phase: 'failed', because: ready };
    default:
      return { phase: 'creating', because: ready, since: requestedAt(sandbox) };
  }
}

/** When the start that is under way was asked for: `launch` still tells of the one before. */
function requestedAt({ metadata, status }: Sandbox): string {
  const woken = findCondition(status?.conditions, 'Suspended')?.lastTransitionTime;
  const moments = [metadata.creationTimestamp, woken, status?.lastFailure?.at].filter((moment) => moment !== undefined);
  return moments.reduce((latest, moment) => (Date.parse(moment) > Date.parse(latest) ? moment : latest));
}

function facts({ status }: Sandbox): Pick<SandboxPhase, 'launch' | 'lastFailure' | 'browserSandboxed'> {
  const { launch, lastFailure } = status ?? {};
  const browser = findCondition(status?.conditions, 'BrowserSandbox');
  return {
    ...(launch && {
      launch: {
        type: launch.type,
        ...(launch.readyAt && { durationMs: Date.parse(launch.readyAt) - Date.parse(launch.requestedAt) }),
      },
    }),
    ...(lastFailure && {
      lastFailure: {
        reason: lastFailure.reason,
        message: lastFailure.message,
        at: lastFailure.at,
        consecutive: lastFailure.consecutive,
      },
    }),
    ...(browser && browser.status !== 'Unknown' && { browserSandboxed: browser.status === 'True' }),
  };
}
