import type { Sandbox } from '@sandpiper/api';
import type { Observation, ObservedInstance, ObservedWorkspace } from './observation.ts';

/** Instances that the sandbox owns: the owner's UID decides, never a name or a label. */
export function ownInstances(seen: Observation): ObservedInstance[] {
  return seen.instances.filter((instance) => instance.ownerUid === seen.sandbox.metadata.uid);
}

export function workspaceName(sandbox: Sandbox): string {
  return sandbox.status?.workspace?.claimName ?? sandbox.metadata.name;
}

export function findWorkspace(seen: Observation, name: string | undefined): ObservedWorkspace | undefined {
  return seen.workspaces.find((workspace) => workspace.name === name);
}

/** A workspace is ours when we own it, or when nobody does and our status recorded it: that is how a retained one is held. */
export function isOwnWorkspace(sandbox: Sandbox, workspace: ObservedWorkspace): boolean {
  if (workspace.ownerUid === sandbox.metadata.uid) return true;
  return workspace.ownerUid === undefined && sandbox.status?.workspace?.claimName === workspace.name;
}

/** Whether the workspace of this name outlives the sandbox: as recorded, else as it is owned, else by the template. */
export function isRetained(seen: Observation, name: string): boolean {
  const { workspace: recorded } = seen.sandbox.status ?? {};
  if (recorded) return recorded.retain;
  const found = findWorkspace(seen, name);
  return found ? found.ownerUid === undefined : (seen.template?.spec.workspace?.retain ?? false);
}

/** What keeps this sandbox from having an instance: something of another owner where its own would be. */
export function findConflict(seen: Observation): string | undefined {
  const foreign = seen.instances.find((instance) => instance.ownerUid !== seen.sandbox.metadata.uid);
  if (foreign) return `An instance of another owner (${foreign.uid}) has the name of this sandbox; delete it.`;
  const workspace = findWorkspace(seen, workspaceName(seen.sandbox));
  if (workspace && !isOwnWorkspace(seen.sandbox, workspace)) {
    return `The workspace ${workspace.name} belongs to somebody else; delete or rename it.`;
  }
  return undefined;
}

/**
 * The one instance to publish: the published one as long as it is there, else the oldest, so that every reader of the
 * same state picks the same.
 */
export function chooseInstance(seen: Observation): ObservedInstance | undefined {
  const { endpoint, lastFailure } = seen.sandbox.status ?? {};
  const candidates = ownInstances(seen).filter(
    (instance) => !instance.terminating && instance.uid !== lastFailure?.uid,
  );
  const published = candidates.find((instance) => instance.uid === endpoint?.uid);
  if (published) return published;
  const alive = candidates.filter((instance) => instance.state !== 'Failed');
  return (alive.length > 0 ? alive : candidates).toSorted(byAge)[0];
}

export function byAge(one: { createdAt: number; uid: string }, other: { createdAt: number; uid: string }): number {
  return one.createdAt - other.createdAt || (one.uid < other.uid ? -1 : 1);
}
