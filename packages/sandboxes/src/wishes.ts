import {
  annotations,
  findCondition,
  isTrue,
  reasons,
  type Sandbox,
  sandboxName,
  sandboxSpec,
  type SandboxSpec,
  sessionId as sessionIdSchema,
} from '@sandpiper/api';
import { SandboxError } from './errors.ts';
import type { EnsureRequest } from './sandboxes.ts';

/** A sandbox to be created: what is the same wherever it runs. */
export interface NewSandbox {
  name: string;
  spec: SandboxSpec;
  annotations: Record<string, string>;
}

/** What to create for a session. Throws `SANDBOX_INVALID`. */
export function newSandbox({ sessionId, owner, template, display }: EnsureRequest): NewSandbox {
  const id = sessionIdSchema.safeParse(sessionId);
  if (!id.success)
    throw new SandboxError('SANDBOX_INVALID', `The id of a session ${id.error.issues[0]?.message ?? ''}.`);
  const spec = sandboxSpec.safeParse({
    ...(template !== undefined && { templateRef: { name: template } }),
    ...(display && { display }),
  });
  if (!spec.success) {
    const issues = spec.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new SandboxError('SANDBOX_INVALID', issues.join('; '));
  }
  return { name: sandboxName(sessionId), spec: spec.data, annotations: { [annotations.owner]: owner } };
}

/**
 * The sandbox that has the name of a session's, if it may be used by whoever asked for it. Throws `SANDBOX_DELETING`, and
 * `SANDBOX_NOT_FOUND` where it is somebody else's: that there is one is none of the asker's business.
 */
export function usableBy(sandbox: Sandbox, { sessionId, owner }: EnsureRequest): Sandbox {
  if (sandbox.metadata.deletionTimestamp !== undefined) {
    const text = 'The sandbox of this session is being deleted; try again when it is gone.';
    throw new SandboxError('SANDBOX_DELETING', text);
  }
  if (sandbox.metadata.annotations?.[annotations.owner] !== owner) throw noSandbox(sessionId);
  return sandbox;
}

/** Throws `SANDBOX_FINISHED` where no wish brings it back. */
export function assertWakeable({ status }: Sandbox): void {
  const finished = findCondition(status?.conditions, 'Finished');
  if (finished?.status === 'True' && finished.reason === reasons.Expired) {
    throw new SandboxError('SANDBOX_FINISHED', finished.message);
  }
}

/**
 * What to write so that a sandbox wakes. `wakeRequestedAt` is later than whatever put it to rest and no earlier than the
 * wish before it, however clocks were set in between, and is left out where nothing rests.
 */
export function wakeOf({ spec, status }: Sandbox, now: number): Pick<SandboxSpec, 'operatingMode' | 'wakeRequestedAt'> {
  const isResting = isTrue(status?.conditions, 'Suspended') || isTrue(status?.conditions, 'Finished');
  const rested = [status?.suspendedAt, status?.lastFailure?.at].map((moment) => (moment ? Date.parse(moment) + 1 : 0));
  const before = spec.wakeRequestedAt === undefined ? 0 : Date.parse(spec.wakeRequestedAt);
  const wakeRequestedAt = new Date(Math.max(now, before, ...rested)).toISOString();
  return {
    operatingMode: 'Running',
    ...((isResting || spec.operatingMode === 'Suspended' || status?.lastFailure) && { wakeRequestedAt }),
  };
}

export function noSandbox(sessionId: string): SandboxError {
  return new SandboxError('SANDBOX_NOT_FOUND', `The session ${sessionId} has no sandbox.`);
}
