import { annotations } from '@sandpiper/api';
import { isTooMany, planSweep, type SweepReport } from '@sandpiper/sandboxes';
import type { Driver } from './driver.ts';
import type { Log } from './log.ts';
import type { SandboxStore } from './store/sandbox-store.ts';

/**
 * Deletes instances and workspaces of this installation whose sandbox is gone. What would touch more than a tenth is
 * more likely a lost database than litter: it touches nothing and says so.
 */
export async function sweepLeftovers(driver: Driver, store: SandboxStore, log: Log): Promise<SweepReport> {
  const owners = new Set(store.list().map((sandbox) => sandbox.metadata.uid));
  const instances = await driver.list();
  const workspaces = store.workspaces.list();
  const lostInstances = instances.filter((instance) => !owners.has(instance.sandboxUid));
  const lostWorkspaces = workspaces.filter(({ ownerUid }) => ownerUid !== null && !owners.has(ownerUid));

  const checked = instances.length + workspaces.length;
  const names = [
    ...lostInstances.map((instance) => instance.uid),
    ...lostWorkspaces.map((workspace) => workspace.name),
  ];
  if (isTooMany(names.length, checked))
    return refuse(log, 'instances and workspaces without a sandbox', checked, names);

  for (const { uid } of lostInstances) await driver.deleteInstance(uid, { graceMs: 0 });
  for (const { name } of lostWorkspaces) {
    await driver.deleteWorkspace(name);
    store.workspaces.forget(name);
  }
  if (names.length > 0) log.warn({ swept: names }, 'deleted what lost its sandbox');
  return { checked, swept: names, stopped: false };
}

/**
 * Marks sandboxes whose session is absent, and unmarks those whose session is back. A marked one is suspended, and
 * deleted after a week.
 *
 * @param known  ids of all sessions that exist
 */
export function sweepSessions(store: SandboxStore, known: ReadonlySet<string>, now: number, log: Log): SweepReport {
  const sandboxes = store.list();
  const { mark, unmark, isTooMuch } = planSweep(sandboxes, known);
  const annotate = (name: string, orphanedAt: string | undefined): void =>
    void store.patch(name, () => ({ annotations: { [annotations.orphanedAt]: orphanedAt } }));
  for (const { metadata } of unmark) annotate(metadata.name, undefined);
  const names = mark.map(({ metadata }) => metadata.name);
  if (isTooMuch) return refuse(log, 'sandboxes without a session', sandboxes.length, names);
  for (const name of names) annotate(name, new Date(now).toISOString());
  return { checked: sandboxes.length, swept: names, stopped: false };
}

function refuse(log: Log, what: string, checked: number, names: string[]): SweepReport {
  log.error({ checked, found: names }, `${names.length} of ${checked} ${what}: too many to be litter, so all are left`);
  return { checked, swept: [], stopped: true };
}
