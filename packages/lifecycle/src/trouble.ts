import { reasons } from '@sandpiper/api';
import type { Observation, ObservedInstance } from './observation.ts';
import { ownInstances } from './ownership.ts';

/** What keeps an instance from being used that is not given up for it. */
export interface Trouble {
  reason: string;
  message: string;
}

/** Why an instance does not get on, or cannot be reached: it is waited for, since making it anew would not help. */
export function troubleOf(instance: ObservedInstance): Trouble | undefined {
  if (isLost(instance)) return { reason: reasons.NodeLost, message: lostMessage(instance) };
  return instance.state === 'Pending' ? instance.trouble : undefined;
}

/** Whether nobody can tell if it still runs. One that has ended did so before its node fell silent. */
export function isLost({ nodeLost, state }: ObservedInstance): boolean {
  return nodeLost === true && state !== 'Failed';
}

/** Whether it may still run on a workspace: then no other may, until it is really gone. */
export function isStuck(instance: ObservedInstance): boolean {
  return isLost(instance) && instance.workspace !== undefined;
}

/** What to add when something waits for the end of an instance that cannot be told to end. */
export function stuckHint(seen: Observation): string {
  const stuck = ownInstances(seen).find(isStuck);
  return stuck ? ` ${lostMessage(stuck)}` : '';
}

export function lostMessage({ node, workspace }: ObservedInstance): string {
  const silent = `Its node${node === undefined ? '' : ` ${node}`} is silent.`;
  if (workspace === undefined) return `${silent} It has no workspace, so another instance is started.`;
  return (
    `${silent} It may still run there on its workspace, so no other is started before the node is back or the instance is ` +
    'gone. If the node is off for good, delete its Node object, or taint it with node.kubernetes.io/out-of-service.'
  );
}
