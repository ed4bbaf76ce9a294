import { reasons } from '@sandpiper/api';
import type { Draft } from './draft.ts';
import { endInstances } from './ending.ts';
import { withdraw } from './publish.ts';
import { stuckHint } from './trouble.ts';

/** Ends a sandbox whose resource and workspace stay: it expired, or it failed too often. */
export function finish(draft: Draft, reason: string): void {
  const message =
    reason === reasons.Expired
      ? 'Its lifetime is over.'
      : `It failed too often and is not started again until somebody asks. ${draft.status.lastFailure?.message ?? ''}`.trim();
  draft.set('Finished', 'True', reason, message);
  withdraw(draft, reason, message + stuckHint(draft.seen));
  endInstances(draft, reason);
}
