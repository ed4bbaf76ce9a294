import type { Lease } from '../builtin/resources.ts';
import type { NewObject } from '../client.ts';
import type { ObjectKey } from '../resource.ts';
import { microTime } from '../time/micro-time.ts';
import { startStopwatch, type Stopwatch } from './stopwatch.ts';

/** A lease, and how long it has been unchanged as seen from here. */
export interface Observed {
  lease: Lease | undefined;
  unchanged: Stopwatch;
}

export function observe(before: Observed | undefined, lease: Lease | undefined): Observed {
  const isSame = before !== undefined && before.lease?.metadata.resourceVersion === lease?.metadata.resourceVersion;
  return { lease, unchanged: isSame ? before.unchanged : startStopwatch() };
}

/** Whether the lease is ours, free, or was left alone for as long as its holder promised to come back. */
export function mayClaim(observed: Observed | undefined, identity: string): boolean {
  const { holderIdentity, leaseDurationSeconds = 0 } = observed?.lease?.spec ?? {};
  if (!observed || !holderIdentity || holderIdentity === identity) return true;
  return observed.unchanged.elapsedMs() >= leaseDurationSeconds * 1000;
}

/** The lease as `identity` writes it, to take or to renew. */
export function claimOf(
  { namespace, name }: ObjectKey,
  current: Lease | undefined,
  identity: string,
  leaseDurationMs: number,
): NewObject<Lease> {
  const before = current?.spec;
  const isOurs = before?.holderIdentity === identity;
  const now = microTime();
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: current?.metadata ?? { namespace, name },
    spec: {
      ...before,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: isOurs ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (current === undefined || isOurs ? 0 : 1),
    },
  };
}

/** The lease as its holder leaves it: anybody may take it at once. */
export function releaseOf(lease: Lease): Lease {
  const now = microTime();
  return {
    ...lease,
    spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now },
  };
}
