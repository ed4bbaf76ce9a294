import { reasons } from '@sandpiper/api';
import type { Draft } from './draft.ts';
import { endInstances } from './ending.ts';
import { ownInstances } from './ownership.ts';
import { withdraw } from './publish.ts';
import { stuckHint } from './trouble.ts';

/** Deletes what the sandbox owns, from the top down: instances, then workspaces, then the resource. */
export function remove(draft: Draft): void {
  const { seen, actions } = draft;
  withdraw(draft, reasons.Deleting, `It is being deleted.${stuckHint(seen)}`);
  endInstances(draft, 'deleted');
  if (ownInstances(seen).length > 0) return;

  const retained = seen.sandbox.status?.workspace?.retain === true;
  const owned = seen.workspaces.filter((workspace) => workspace.ownerUid === seen.sandbox.metadata.uid);
  if (owned.length === 0 || retained) {
    actions.push({ type: 'finalizeSandbox' });
    return;
  }
  for (const { name, terminating } of owned) if (!terminating) actions.push({ type: 'deleteWorkspace', name });
}
