import { annotations, type Sandbox } from '@sandpiper/api';
import {
  assertWakeable,
  connect,
  type EnsureRequest,
  newSandbox,
  noSandbox,
  SandboxError,
  type SandboxChange,
  type Sandboxes,
  usableBy,
  wakeOf,
} from '@sandpiper/sandboxes';
import type { Log } from './log.ts';
import type { SandboxPatch, SandboxStore } from './store/sandbox-store.ts';

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
    if (!sandbox) throw noSandbox(sessionId);
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
          wake: () => attempt(() => store.patch(name, (current) => wake(current, now()))),
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
        assertWakeable(sandbox);
        store.patch(sandbox.metadata.name, (current) => wake(current, now()));
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

function ensure(store: SandboxStore, request: EnsureRequest): Sandbox {
  const { sessionId } = request;
  // Nothing is awaited between looking and storing: two callers at once meet the same resource.
  return usableBy(store.create({ sessionId, ...newSandbox(request) }), request);
}

function wake(current: Sandbox, now: number): SandboxPatch {
  return { spec: wakeOf(current, now), annotations: { [annotations.orphanedAt]: undefined } };
}

/** Runs at once, and turns what it throws into a rejection. */
function attempt<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}
