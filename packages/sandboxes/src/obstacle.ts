import { findCondition, reasons, type Sandbox } from '@sandpiper/api';

/** What keeps a sandbox from starting. */
export interface Obstacle {
  /** `capacity` passes when others leave or a node comes; `image` and `instance` want an administrator. */
  kind: 'capacity' | 'image' | 'instance';
  /** The cause in the words of whoever stops it, after what it means. */
  message: string;
}

/** Reasons of the Ready condition that name one; the operator goes on trying through all of them. */
const KINDS: Partial<Record<string, Obstacle['kind']>> = {
  [reasons.Unschedulable]: 'capacity',
  [reasons.QuotaExceeded]: 'capacity',
  [reasons.PoolExhausted]: 'capacity',
  [reasons.ImagePull]: 'image',
  [reasons.PodRefused]: 'instance',
  [reasons.NamespaceTerminating]: 'instance',
  // In the kubelet's own words.
  CreateContainerConfigError: 'instance',
  CreateContainerError: 'instance',
  RunContainerError: 'instance',
};

const MEANINGS: Record<Obstacle['kind'], string> = {
  capacity: 'There is no room for this sandbox at present',
  image: 'The image of this sandbox cannot be pulled',
  instance: 'The pod of this sandbox cannot be made',
};

/** Reads off the conditions why a sandbox that should start does not get on. Pure; undefined when all goes its way. */
export function obstacleOf({ status }: Sandbox): Obstacle | undefined {
  const ready = findCondition(status?.conditions, 'Ready');
  if (!ready || ready.status === 'True') return undefined;
  // Between two attempts the last one tells.
  const { reason, message } =
    ready.reason === reasons.RestartBackoff && status?.lastFailure ? status.lastFailure : ready;
  const kind = KINDS[reason];
  if (kind) return obstacle(kind, message);
  const scheduled = findCondition(status?.conditions, 'PodScheduled');
  // Without a message the scheduler has not looked yet.
  if (scheduled?.status === 'False' && scheduled.message !== '') return obstacle('capacity', scheduled.message);
  return undefined;
}

function obstacle(kind: Obstacle['kind'], cause: string): Obstacle {
  return { kind, message: cause === '' ? `${MEANINGS[kind]}.` : `${MEANINGS[kind]}: ${cause}` };
}
