/**
 * What a controller did and its watch has not told of yet, so that it does not do it twice on a stale cache: the creations and deletions
 * that are awaited for one controlling object, as in the ReplicaSet controller. After the time-out the cache is believed again, since
 * an event that never comes must not stop a controller for ever.
 */
export interface Expectations {
  /** @param ids  names or uids, whatever `observeCreation` is going to be told */
  expectCreations(owner: string, ids: Iterable<string>): void;
  expectDeletions(owner: string, ids: Iterable<string>): void;
  /** Also when the attempt failed, so that nothing is awaited. */
  observeCreation(owner: string, id: string): void;
  observeDeletion(owner: string, id: string): void;
  /** Whether all that was awaited came, or has been awaited for too long. */
  isSatisfied(owner: string): boolean;
  /** The owner is gone. */
  forget(owner: string): void;
}

interface Awaited {
  creations: Set<string>;
  deletions: Set<string>;
  since: number;
}

export function createExpectations({
  timeoutMs = 5 * 60_000,
  now = (): number => performance.now(),
}: { timeoutMs?: number; now?: () => number } = {}): Expectations {
  const awaited = new Map<string, Awaited>();

  const expect = (owner: string, what: 'creations' | 'deletions', ids: Iterable<string>): void => {
    const known = awaited.get(owner) ?? { creations: new Set(), deletions: new Set(), since: 0 };
    for (const id of ids) known[what].add(id);
    if (known.creations.size + known.deletions.size === 0) return;
    known.since = now();
    awaited.set(owner, known);
  };

  const observe = (owner: string, what: 'creations' | 'deletions', id: string): void => {
    const known = awaited.get(owner);
    known?.[what].delete(id);
    if (known && known.creations.size + known.deletions.size === 0) awaited.delete(owner);
  };

  return {
    expectCreations: (owner, ids) => expect(owner, 'creations', ids),
    expectDeletions: (owner, ids) => expect(owner, 'deletions', ids),
    observeCreation: (owner, id) => observe(owner, 'creations', id),
    observeDeletion: (owner, id) => observe(owner, 'deletions', id),
    isSatisfied(owner) {
      const known = awaited.get(owner);
      if (!known) return true;
      if (now() - known.since < timeoutMs) return false;
      awaited.delete(owner);
      return true;
    },
    forget: (owner) => void awaited.delete(owner),
  };
}
