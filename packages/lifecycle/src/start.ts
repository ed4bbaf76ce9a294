import { reasons } from '@sandpiper/api';
import type { Draft } from './draft.ts';
import { byAge, findConflict, findWorkspace, ownInstances, workspaceName } from './ownership.ts';
import { TIMES } from './policy.ts';
import { withdraw } from './publish.ts';
import { nextAttemptAt } from './recovery.ts';

/** Gets an instance for a sandbox that has none: from a pool when it never had a workspace, else by making one. */
export function start(draft: Draft): void {
  const { seen, status, actions } = draft;
  const { sandbox, template } = seen;
  delete status.endpoint;

  if (ownInstances(seen).length > 0) {
    withdraw(draft, reasons.Creating, 'Its previous instance is ending.');
    return;
  }
  const conflict = findConflict(seen);
  if (conflict !== undefined) {
    withdraw(draft, reasons.NameConflict, conflict);
    draft.again(seen.now + TIMES.conflictRetryMs);
    return;
  }
  if (!template) {
    withdraw(draft, reasons.TemplateNotFound, `There is no SandboxTemplate ${sandbox.spec.templateRef.name}.`);
    return;
  }
  const attemptAt = nextAttemptAt({ ...sandbox, status });
  if (seen.now < attemptAt) {
    withdraw(draft, reasons.RestartBackoff, `${status.lastFailure?.message ?? ''} It is started again soon.`.trim());
    draft.again(attemptAt);
    return;
  }
  withdraw(draft, reasons.Creating, 'Its instance is being made.');

  // Only a sandbox without a workspace may adopt: a warm instance brings one of its own.
  if (status.workspace === undefined && sandbox.spec.poolPolicy !== 'Never') {
    const [warm] = seen.candidates.toSorted(byAge);
    if (warm) {
      actions.push({ type: 'adoptInstance', uid: warm.uid });
      return;
    }
    if (sandbox.spec.poolPolicy === 'Require') {
      withdraw(draft, reasons.PoolExhausted, 'It takes only a warm instance, and none is ready.');
      draft.again(seen.now + TIMES.poolRetryMs);
      return;
    }
  }
  createCold(draft, template.spec);
}

function createCold(
  { seen, status, actions }: Draft,
  template: { workspace?: { retain: boolean }; desktop: boolean },
): void {
  const { sandbox } = seen;
  let workspace: string | undefined;
  if (template.workspace) {
    workspace = workspaceName(sandbox);
    const found = findWorkspace(seen, workspace);
    if (found?.terminating) return;
    // Recorded before it is made: a retained workspace has no owner, so this is what makes it ours.
    status.workspace ??= { claimName: workspace, retain: template.workspace.retain };
    if (!found) actions.push({ type: 'createWorkspace', name: workspace, retain: status.workspace.retain });
  }
  actions.push({ type: 'createInstance', workspace, display: sandbox.spec.display, desktop: template.desktop });
}
