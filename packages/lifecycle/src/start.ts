import { reasons } from '@sandpiper/api';
import type { Draft } from './draft.ts';
import { findObstacle } from './obstacle.ts';
import type { ObservedInstance, WarmCandidate } from './observation.ts';
import { byAge, findWorkspace, isRetained, ownInstances, workspaceName } from './ownership.ts';
import { pauseOf } from './pause.ts';
import { TIMES } from './policy.ts';
import { withdraw } from './publish.ts';
import { noteTrouble } from './recovery.ts';
import { isStuck, lostMessage } from './trouble.ts';

/** Gets an instance for a sandbox that has none: from a pool when it never had a workspace, else by making one. */
export function start(draft: Draft): void {
  const { seen, status } = draft;
  delete status.endpoint;
  const ending = ownInstances(seen);
  if (ending.length > 0) {
    awaitEnd(draft, ending);
    return;
  }
  const obstacle = findObstacle(seen);
  if (obstacle) {
    withdraw(draft, obstacle.reason, obstacle.message);
    draft.again(obstacle.lookAgainAt);
    return;
  }
  const pause = pauseOf(draft);
  withdraw(draft, pause.reason, pause.message);
  if (seen.now < pause.until) {
    draft.again(pause.until);
    return;
  }
  if (mayAdopt(draft)) {
    const [warm] = seen.candidates.filter((candidate) => fits(draft, candidate)).toSorted(byAge);
    if (warm) {
      draft.actions.push({ type: 'adoptInstance', uid: warm.uid });
      return;
    }
    if (seen.sandbox.spec.poolPolicy === 'Require') {
      withdraw(draft, reasons.PoolExhausted, 'It takes only a warm instance, and none is ready.');
      draft.again(seen.now + TIMES.poolRetryMs);
      return;
    }
  }
  createCold(draft);
}

/** Two instances never share a workspace: what may still run is waited for, however long that takes. */
function awaitEnd(draft: Draft, ending: ObservedInstance[]): void {
  const stuck = ending.find(isStuck);
  if (!stuck) {
    withdraw(draft, reasons.Creating, 'Its previous instance is ending.');
    return;
  }
  const trouble = { reason: reasons.NodeLost, message: lostMessage(stuck) };
  withdraw(draft, trouble.reason, trouble.message);
  noteTrouble(draft, trouble);
}

/** Only a sandbox without a workspace may adopt: a warm instance brings one of its own. */
function mayAdopt({ seen, status }: Draft): boolean {
  if (status.workspace !== undefined || seen.sandbox.spec.poolPolicy === 'Never') return false;
  return findWorkspace(seen, workspaceName(seen.sandbox)) === undefined;
}

function fits({ seen }: Draft, { display }: WarmCandidate): boolean {
  const wished = seen.sandbox.spec.display;
  return display.width === wished.width && display.height === wished.height;
}

function createCold({ seen, status, actions }: Draft): void {
  const { sandbox, template } = seen;
  if (!template) return;
  const name = workspaceName(sandbox);
  const found = findWorkspace(seen, name);
  if (found?.terminating) return;
  // One that it has already is used whatever became of the template since.
  const isDurable = template.spec.workspace !== undefined || (status.workspace !== undefined && found !== undefined);
  if (isDurable) {
    const retain = isRetained(seen, name);
    // Recorded before it is made: a retained workspace has no owner, so this is what makes it ours.
    status.workspace ??= { claimName: name, retain };
    if (!found) actions.push({ type: 'createWorkspace', name, retain });
  }
  actions.push({
    type: 'createInstance',
    workspace: isDurable ? name : undefined,
    display: sandbox.spec.display,
    desktop: template.spec.desktop,
  });
}
