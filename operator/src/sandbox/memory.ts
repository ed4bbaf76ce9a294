import type { PersistentVolumeClaim, Pod } from '@sandpiper/kube';
import type { Observation, SuspendAnswer } from '@sandpiper/lifecycle';

/** What the operator remembers of a sandbox between two looks; losing it costs a question or a second, nothing else. */
export interface Memory {
  /** Whose memory it is: a sandbox of the same name that was made later has none of it. */
  uid: string;
  suspendAnswer?: SuspendAnswer;
  createFailure?: NonNullable<Observation['createFailure']>;
  /** Since when a status that only tells of progress has been held back, ms of a clock that never goes back. */
  heldSinceMs?: number;
  /**
   * Nothing of an earlier operator can be there: we saw the sandbox come to be, and have made nothing for it yet. Until
   * then no question to the server is needed before something is made.
   */
  isUntouched: boolean;
  /** Uids of what was deleted for it and is still in the cache: it counts as ending. */
  readonly deleting: Set<string>;
  /** What has our names and is not ours, as found in this pass. It lacks our labels, so no watch would tell when it goes. */
  foreign?: { pod?: Pod; claim?: PersistentVolumeClaim };
  launch?: LaunchRecord;
}

/** The start that is under way, for the metrics; times in ms of a clock that never goes back. */
export interface LaunchRecord {
  beganMs: number;
  toolsSeen: boolean;
}
