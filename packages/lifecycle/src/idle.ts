import type { Draft } from './draft.ts';
import { isSilent } from './failure.ts';
import type { ObservedInstance } from './observation.ts';
import { effectiveLifetime, TIMES } from './policy.ts';

/** What to do about idleness: nothing before `at`, ask, act on an agreement, or take an overtaken agreement back. */
export type Idleness =
  | { verdict: 'wait'; at: number }
  | { verdict: 'ask'; ifIdleForMs: number }
  | { verdict: 'agreed'; idleForMs: number }
  | { verdict: 'overtaken' };

/**
 * Judges idleness by durations that tool-api tells, never by times of another machine. An answer that refuses says from
 * when on it could agree; nothing is asked before that.
 */
export function judgeIdleness(draft: Draft, instance: ObservedInstance): Idleness {
  const { seen } = draft;
  const { idleTimeoutMs } = effectiveLifetime(seen.sandbox, seen.template);
  const answer = seen.suspendAnswer?.instanceUid === instance.uid ? seen.suspendAnswer : undefined;
  // Every change of the wish raises the generation: a wake that came while we asked wins over the agreement. So it does
  // over a refusal, which may stand for an answer that got lost.
  const isOvertaken = answer ? answer.generation !== seen.sandbox.metadata.generation : mayHaveAgreed(draft, instance);
  if (isOvertaken) return { verdict: 'overtaken' };
  if (answer?.agreed) return { verdict: 'agreed', idleForMs: answer.idleForMs };
  const at = answer
    ? answer.at + Math.max(TIMES.askAgainMs, idleTimeoutMs - answer.idleForMs)
    : startedAt(draft, instance) + idleTimeoutMs;
  return seen.now < at ? { verdict: 'wait', at } : { verdict: 'ask', ifIdleForMs: idleTimeoutMs };
}

/**
 * Whether somebody before us, whose memory is lost, may have got an agreement that a wish has overtaken since: the wish is
 * new to the status, or came while the instance was silent. It would stay closed, or agree again and sleep through the
 * wake. Without a new wish it is asked again, and agrees again.
 */
function mayHaveAgreed({ seen: { sandbox } }: Draft, instance: ObservedInstance): boolean {
  const { status, metadata } = sandbox;
  if (status?.endpoint?.uid !== instance.uid) return false;
  return status.observedGeneration !== metadata.generation || isSilent(status);
}

function startedAt({ status: { endpoint, launch } }: Draft, instance: ObservedInstance): number {
  // A warm instance was idle in its pool long before anybody had it.
  if (endpoint?.uid !== instance.uid || launch?.startedAt === undefined) return instance.createdAt;
  return Date.parse(launch.startedAt);
}
