import { findCondition, type Sandbox, type SandboxStatus } from '@sandpiper/api';
import { decide } from '../decide.ts';
import type { Observation, ObservedInstance } from '../observation.ts';
import { aSandbox, anInstance, anObservation, aWorkspace, iso, T0 } from './builders.ts';

export const MINUTE = 60_000;

/** What is seen of a sandbox whose instance was published and became ready at T0, so much later. */
export function seenRunning(
  afterMs: number,
  change: { spec?: Partial<Sandbox['spec']>; status?: SandboxStatus; instance?: Partial<ObservedInstance> } = {},
  rest: Partial<Observation> = {},
): Observation {
  const fresh = anObservation({ instances: [anInstance()], workspaces: [aWorkspace()] });
  const status = { ...decide(fresh).status, ...change.status };
  return anObservation({
    now: T0 + afterMs,
    sandbox: aSandbox(change.spec, { status }),
    instances: [anInstance(change.instance)],
    workspaces: [aWorkspace()],
    ...rest,
  });
}

/** The same sandbox after this observation's decision was written. */
export function after(seen: Observation): Sandbox {
  return { ...seen.sandbox, status: decide(seen).status };
}

/** The same sandbox after somebody asked for it: every change of the wish raises the generation. */
export function wokenAt({ metadata, spec, ...rest }: Sandbox, at: number): Sandbox {
  return {
    ...rest,
    metadata: { ...metadata, generation: metadata.generation + 1 },
    spec: { ...spec, wakeRequestedAt: iso(at) },
  };
}

/** Status and reason of a condition: `True Ready`. */
export function reasonOf(status: SandboxStatus, type: Parameters<typeof findCondition>[1]): string | undefined {
  const condition = findCondition(status.conditions, type);
  return condition && `${condition.status} ${condition.reason}`;
}
