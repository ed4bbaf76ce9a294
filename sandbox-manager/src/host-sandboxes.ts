import {
  annotations,
  findCondition,
  isTrue,
  reasons,
  sandboxName,
  sandboxSpec,
  sessionId as sessionIdSchema,
} from '@sandpiper/api';
import type { Sandbox } from '@sandpiper/api';
import { type EnsureRequest, SandboxError, type SandboxChange, type Sandboxes } from '@sandpiper/sandboxes';
import { connect } from './connect.ts';
import type { Log } from './log.ts';
import type { SandboxStore } from './store/sandbox-store.ts';

/**
 * `Sandboxes` on the store of one host. Only wishes are written here; the reconciler, which watches the same store, does
 * the rest.
 */
export function createHostSandboxes(store: SandboxStore, now: () => number, log: Log): Sandboxes {
  const watches = new Set<() => void>();
  const waits = new Set<(error: SandboxError) => void>();
  let isClosed = false;

  const assertOpen = (): void => {
    if (isClosed) throw new SandboxError('SANDBOXES_CLOSED', 'Sandpiper is stopping.');
  };
  const existing = (sessionId: string): Sandbox => {
    assertOpen();
    const sandbox = store.findBySession(sessionId);
    if (!sandbox) throw new SandboxError('SANDBOX_NOT_FOUND', `The session ${sessionId} has no sandbox.`);
    return sandbox;
  };
  const watch = (listener: (change: SandboxChange) => void, sessionId?: string): (() => void) => {
    const stop = store.onChange((change) => {
      if (sessionId !== undefined && change.sessionId !== sessionId) return;
      try {
        listener({ sessionId: change.sessionId, sandbox: change.sandbox });
      } catch (error) {
        // A listener that fails must not fail the write that it was told of.
        log.error({ err: error, sandbox: change.name }, 'a watcher of sandboxes failed');
      }
    });
    watches.add(stop);
    return () => {
      stop();
      watches.delete(stop);
    };
  };

  return {
    ensure: (request) =>
      attempt(() => {
        assertOpen();
        return ensure(store, request);
      }),
    get: (sessionId) => attempt(() => store.findBySession(sessionId)),
    connect: (sessionId, options) =>
      attempt(() => {
        const { name } = existing(sessionId).metadata;
        const source = {
          get: () => store.get(name),
          wake: () => void store.patch(name, (current) => wakeUp(current, now())),
          subscribe(onChange: () => void, onClose: (error: SandboxError) => void) {
            const stop = watch(onChange, sessionId);
            waits.add(onClose);
            return () => {
              stop();
              waits.delete(onClose);
            };
          },
        };
        return connect(source, sessionId, options);
      }),
    suspend: (sessionId) =>
      attempt(() => {
        store.patch(existing(sessionId).metadata.name, () => ({ spec: { operatingMode: 'Suspended' } }));
      }),
    wake: (sessionId) =>
      attempt(() => {
        const sandbox = existing(sessionId);
        const finished = findCondition(sandbox.status?.conditions, 'Finished');
        if (finished?.status === 'True' && finished.reason === reasons.Expired) {
          throw new SandboxError('SANDBOX_FINISHED', finished.message);
        }
        store.patch(sandbox.metadata.name, (current) => wakeUp(current, now()));
      }),
    delete: (sessionId) =>
      attempt(() => {
        assertOpen();
        const sandbox = store.findBySession(sessionId);
        if (sandbox) store.requestDeletion(sandbox.metadata.name);
      }),
    watch,
    close: () =>
      attempt(() => {
        isClosed = true;
        for (const fail of [...waits]) fail(new SandboxError('SANDBOXES_CLOSED', 'Sandpiper is stopping.'));
        for (const stop of watches) stop();
        watches.clear();
      }),
  };
}

function ensure(store: SandboxStore, { sessionId, owner, template, display }: EnsureRequest): Sandbox {
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
  // Nothing is awaited between looking and storing: two callers at once meet the same resource.
  const name = sandboxName(sessionId);
  const sandbox = store.create({ name, sessionId, spec: spec.data, annotations: { [annotations.owner]: owner } });
  if (sandbox.metadata.deletionTimestamp !== undefined) {
    throw new SandboxError(
      'SANDBOX_DELETING',
      'The sandbox of this session is being deleted; try again when it is gone.',
    );
  }
  if (sandbox.metadata.annotations?.[annotations.owner] !== owner) {
    throw new SandboxError('SANDBOX_NOT_FOUND', `The session ${sessionId} has no sandbox.`);
  }
  return sandbox;
}

/** The wish to have it again. Later than whatever put it to rest, however clocks were set in between. */
function wakeUp({ spec, status }: Sandbox, now: number) {
  const isResting = isTrue(status?.conditions, 'Suspended') || isTrue(status?.conditions, 'Finished');
  const rested = [status?.suspendedAt, status?.lastFailure?.at].map((moment) => (moment ? Date.parse(moment) + 1 : 0));
  const wakeRequestedAt = new Date(Math.max(now, ...rested)).toISOString();
  return {
    spec: {
      operatingMode: 'Running' as const,
      ...((isResting || spec.operatingMode === 'Suspended' || status?.lastFailure) && { wakeRequestedAt }),
    },
    annotations: { [annotations.orphanedAt]: undefined },
  };
}

/** Runs at once, and turns what it throws into a rejection. */
function attempt<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}
