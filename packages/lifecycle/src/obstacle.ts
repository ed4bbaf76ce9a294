import { findCondition, reasons, type SandboxTemplate } from '@sandpiper/api';
import type { Observation } from './observation.ts';
import { findConflict } from './ownership.ts';
import { TIMES } from './policy.ts';

/** What has to be taken out of the way by somebody before an instance can be made. */
export interface Obstacle {
  reason: string;
  message: string;
  /** When to look whether it is gone, epoch ms, where nothing else tells. */
  lookAgainAt?: number;
}

export function findObstacle(seen: Observation): Obstacle | undefined {
  const { sandbox, template, createFailure } = seen;
  const conflict = findConflict(seen);
  if (conflict !== undefined) {
    return { reason: reasons.NameConflict, message: conflict, lookAgainAt: seen.now + TIMES.conflictRetryMs };
  }
  if (!template) {
    const message = `There is no SandboxTemplate ${sandbox.spec.templateRef.name}.`;
    return { reason: reasons.TemplateNotFound, message };
  }
  const fault = faultOf(template);
  if (fault !== undefined) return { reason: reasons.TemplateInvalid, message: fault };
  // A namespace that is being deleted takes the sandbox along; until then it lets nothing be made.
  if (createFailure?.kind === 'terminating') return createFailure;
  return undefined;
}

/** What is wrong with the template as it is now; what was found of an earlier generation says nothing. */
function faultOf({ metadata, status }: SandboxTemplate): string | undefined {
  const valid = findCondition(status?.conditions, 'Valid');
  if (valid?.status !== 'False') return undefined;
  const generation = valid.observedGeneration ?? status?.observedGeneration;
  if (generation !== metadata.generation) return undefined;
  return `The SandboxTemplate ${metadata.name} is not valid: ${valid.message}`;
}
