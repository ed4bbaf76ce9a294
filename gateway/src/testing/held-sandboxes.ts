import type { Sandbox } from '@sandpiper/api';
import { SandboxError, type Endpoint, type SandboxChange, type Sandboxes } from '@sandpiper/sandboxes';

export interface HeldSandboxes extends Sandboxes {
  /** Calls so far, by name. */
  readonly calls: string[];
  /** What the next `connect` does instead of answering. */
  refuseWith: SandboxError | undefined;
  /** Lets `watch` report that a sandbox is now in this condition. */
  become(sessionId: string, ready: { status: 'True' | 'False'; reason: string; message: string }): void;
  vanish(sessionId: string): void;
}

/** A stand-in for sandbox-manager: sandboxes that are what the test says, all at one endpoint. */
export function createHeldSandboxes(endpoint: Endpoint): HeldSandboxes {
  const held = new Map<string, Sandbox>();
  const listeners = new Set<(change: SandboxChange) => void>();
  const calls: string[] = [];
  const report = (sessionId: string): void => {
    for (const listener of listeners) listener({ sessionId, sandbox: held.get(sessionId) });
  };
  const known = (sessionId: string): void => {
    if (!held.has(sessionId)) throw new SandboxError('SANDBOX_NOT_FOUND', `No sandbox for ${sessionId}.`);
  };
  const sandboxes: HeldSandboxes = {
    calls,
    refuseWith: undefined,
    become(sessionId, { status, reason, message }) {
      held.set(sessionId, {
        apiVersion: 'sandpiper.dev/v1alpha1',
        kind: 'Sandbox',
        metadata: {
          name: sessionId,
          namespace: 'default',
          uid: 'u',
          resourceVersion: '1',
          generation: 1,
          creationTimestamp: '2026-01-01T00:00:00Z',
        },
        spec: {},
        status: {
          conditions: [
            {
              type: 'Ready',
              status,
              reason,
              message,
              lastTransitionTime: '2026-01-01T00:00:00Z',
              observedGeneration: 1,
            },
          ],
          ...(status === 'True' && { endpoint, launch: { type: 'Cold', requestedAt: '2026-01-01T00:00:00Z' } }),
        },
      } as unknown as Sandbox);
      report(sessionId);
    },
    vanish(sessionId) {
      held.delete(sessionId);
      report(sessionId);
    },
    async ensure({ sessionId, owner }) {
      calls.push(`ensure ${owner}`);
      await Promise.resolve();
      if (!held.has(sessionId))
        sandboxes.become(sessionId, { status: 'False', reason: 'Creating', message: 'Being made.' });
      return held.get(sessionId) as Sandbox;
    },
    get: (sessionId) => Promise.resolve(held.get(sessionId)),
    async connect(sessionId) {
      calls.push('connect');
      await Promise.resolve();
      known(sessionId);
      const { refuseWith } = sandboxes;
      sandboxes.refuseWith = undefined;
      if (refuseWith) throw refuseWith;
      sandboxes.become(sessionId, { status: 'True', reason: 'Ready', message: 'Ready.' });
      return endpoint;
    },
    async suspend(sessionId) {
      await Promise.resolve();
      known(sessionId);
      calls.push('suspend');
    },
    async wake(sessionId) {
      await Promise.resolve();
      known(sessionId);
      calls.push('wake');
    },
    async delete(sessionId) {
      await Promise.resolve();
      known(sessionId);
      calls.push('delete');
      sandboxes.vanish(sessionId);
    },
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => Promise.resolve(),
  };
  return sandboxes;
}
