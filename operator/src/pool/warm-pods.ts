import { annotations, labels, type Sandbox } from '@sandpiper/api';
import type { WarmCandidate } from '@sandpiper/lifecycle';
import type { Pod, Store } from '@sandpiper/kube';
import { displayOf, isTrue } from '../instance/observed-instance.ts';
import { controllerOf } from '../ownership.ts';

/** Name of the index of pods that may be adopted. */
export const WARM = 'warm';

/** `namespace/template` of a pod that is ready and still its pool's: it may be adopted. */
export function warmKeys(pod: Pod): readonly string[] {
  const { metadata } = pod;
  const template = metadata.labels?.[labels.template];
  if (template === undefined || metadata.deletionTimestamp !== undefined) return [];
  if (controllerOf(pod)?.kind !== 'SandboxPool' || !isTrue(pod, 'Ready')) return [];
  return [`${metadata.namespace ?? ''}/${template}`];
}

/**
 * Gives each sandbox that wants one a warm pod of its own to try for. Many that start at once would otherwise all try
 * for the oldest, and all but one meet a conflict.
 */
export interface WarmPods {
  /** The oldest that fits and that no other sandbox tries for; what it tried for before is given up. */
  reserve(sandbox: Sandbox): WarmCandidate[];
  /** Gives up what a sandbox tried for, adopted or not. */
  release(sandboxUid: string): void;
}

export function createWarmPods(store: Store<Pod>): WarmPods {
  const reservedBy = new Map<string, string>();
  const reservedFor = new Map<string, string>();

  const fits = (pod: Pod, { spec }: Sandbox): boolean => {
    if (reservedBy.has(pod.metadata.uid ?? '')) return false;
    const display = displayOf(pod);
    return display?.width === spec.display.width && display.height === spec.display.height;
  };

  const release = (sandboxUid: string): void => {
    const podUid = reservedFor.get(sandboxUid);
    reservedFor.delete(sandboxUid);
    if (podUid !== undefined) reservedBy.delete(podUid);
  };

  return {
    release,
    reserve(sandbox) {
      const { metadata, spec } = sandbox;
      release(metadata.uid);
      const key = `${metadata.namespace ?? ''}/${spec.templateRef.name}`;
      let oldest: Pod | undefined;
      for (const pod of store.byIndex(WARM, key)) {
        // The cheap question first: of hundreds that are warm, few are older than those before them.
        if ((!oldest || isOlder(pod, oldest)) && fits(pod, sandbox)) oldest = pod;
      }
      if (!oldest?.metadata.uid) return [];
      reservedBy.set(oldest.metadata.uid, metadata.uid);
      reservedFor.set(metadata.uid, oldest.metadata.uid);
      return [candidateOf(oldest)];
    },
  };
}

function isOlder(one: Pod, other: Pod): boolean {
  const [first = '', second = ''] = [one.metadata.creationTimestamp, other.metadata.creationTimestamp];
  return first < second || (first === second && one.metadata.name < other.metadata.name);
}

function candidateOf(pod: Pod): WarmCandidate {
  const hash = pod.metadata.annotations?.[annotations.templateHash];
  return {
    uid: pod.metadata.uid ?? '',
    createdAt: Date.parse(pod.metadata.creationTimestamp ?? ''),
    display: displayOf(pod) ?? { width: 0, height: 0 },
    ...(hash !== undefined && { templateHash: hash }),
  };
}
