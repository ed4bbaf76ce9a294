import { isTrue } from '@sandpiper/api';
import type { World } from './world.ts';

/** From here on nothing breaks: foreign things go, nodes are back, the template is there, somebody works in the sandbox. */
export function settle(world: World): void {
  world.instances.delete('foreign-1');
  if (world.workspaces.get('sbx-one')?.ownerUid === 'somebody-else') world.workspaces.delete('sbx-one');
  for (const instance of world.instances.values()) {
    delete instance.trouble;
    delete instance.nodeLost;
  }
  world.template ??= world.theTemplate();
  world.refusal = undefined;
  world.busy = true;
  world.deaf = false;
  for (let pass = 0; pass < 200; pass += 1) {
    const before = world.sandbox;
    const look = world.reconcile();
    const moved = world.progress();
    if (moved || world.sandbox !== before || (look?.decision.actions.length ?? 0) > 0) continue;
    if (!look || look.lookAt === Infinity) return;
    const isReady = isTrue(look.decision.status.conditions, 'Ready');
    const isClosed = world.own().some((instance) => instance.closed);
    if (isReady && !isClosed && !look.held) return;
    // One that takes no work is to be heard of soon, not at the end of an idle timeout.
    if (isReady && isClosed && look.lookAt - world.now > 10_000) throw new Error('It stays closed.');
    world.now = Math.max(world.now, look.lookAt);
  }
  throw new Error(`It does not come to rest: ${JSON.stringify(world.sandbox?.status)}`);
}

/** Nobody needs it any more, until it sleeps. */
export function fallAsleep(world: World): void {
  world.busy = false;
  for (let pass = 0; pass < 50; pass += 1) {
    const look = world.reconcile();
    world.progress();
    const { conditions, endpoint } = world.sandbox?.status ?? {};
    if (!look || (isTrue(conditions, 'Suspended') && !endpoint)) return;
    if (look.decision.actions.length === 0 && look.lookAt < Infinity) world.now = Math.max(world.now, look.lookAt);
  }
  throw new Error(`It does not fall asleep: ${JSON.stringify(world.sandbox?.status)}`);
}
