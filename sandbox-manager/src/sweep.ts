import { annotations } from '@sandpiper/api';
import type { Driver } from './driver.ts';
import type { Log } from './log.ts';
import { type SandboxStore, sessionOf } from './store/sandbox-store.ts';

export interface SweepReport {
  checked: number;
  swept: string[];
  /** True when too much would have been touched, so that nothing was. */
  stopped: boolean;
}

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
  const isMarked = (name: string): boolean =>
    store.get(name)?.metadata.annotations?.[annotations.orphanedAt] !== undefined;
  for (const sandbox of sandboxes) {
    if (known.has(sessionOf(sandbox))) {
      store.patch(sandbox.metadata.name, () => ({ annotations: { [annotations.orphanedAt]: undefined } }));
    }
  }
  const absent = sandboxes.filter((sandbox) => !known.has(sessionOf(sandbox)) && !isMarked(sandbox.metadata.name));
  const names = absent.map((sandbox) => sandbox.metadata.name);
  if (isTooMany(names.length, sandboxes.length)) {
    return refuse(log, 'sandboxes without a session', sandboxes.length, names);
  }
  const orphanedAt = new Date(now).toISOString();
  for (const name of names) {
    store.patch(name, () => ({ annotations: { [annotations.orphanedAt]: orphanedAt } }));
  }
  return { checked: sandboxes.length, swept: names, stopped: false };
}

/** One is always allowed: on a small host it is more than a tenth by itself. */
function isTooMany(count: number, of: number): boolean {
  return count > Math.max(1, of / 10);
}

function refuse(log: Log, what: string, checked: number, names: string[]): SweepReport {
  log.error({ checked, found: names }, `${names.length} of ${checked} ${what}: too many to be litter, so all are left`);
  return { checked, swept: [], stopped: true };
}
