import type { Observation, ObservedInstance } from './observation.ts';
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
export function judgeIdleness(seen: Observation, instance: ObservedInstance): Idleness {
  const { idleTimeoutMs } = effectiveLifetime(seen.sandbox, seen.template);
  const answer = seen.suspendAnswer?.instanceUid === instance.uid ? seen.suspendAnswer : undefined;
  if (answer?.agreed) {
    // Every change of the wish raises the generation: a wake that came while we asked wins over the agreement.
    if (answer.generation !== seen.sandbox.metadata.generation) return { verdict: 'overtaken' };
    return { verdict: 'agreed', idleForMs: answer.idleForMs };
  }
  const at = answer
    ? answer.at + Math.max(TIMES.askAgainMs, idleTimeoutMs - answer.idleForMs)
    : startedAt(seen, instance) + idleTimeoutMs;
  return seen.now < at ? { verdict: 'wait', at } : { verdict: 'ask', ifIdleForMs: idleTimeoutMs };
}

function startedAt({ sandbox }: Observation, instance: ObservedInstance): number {
  const { endpoint, launch } = sandbox.status ?? {};
  // A warm instance was idle in its pool long before anybody had it.
  if (endpoint?.uid !== instance.uid || launch?.startedAt === undefined) return instance.createdAt;
  return Date.parse(launch.startedAt);
}
