import { randomUUID } from 'node:crypto';
import { reasons, type Sandbox } from '@sandpiper/api';
import type { Action } from '@sandpiper/lifecycle';
import { sessionOf } from '@sandpiper/sandboxes';
import type { Driver, Instance } from './driver.ts';
import type { InstanceClients } from './instance-clients.ts';
import type { Memory } from './observe.ts';
import type { Probes } from './probes.ts';
import type { SandboxStore } from './store/sandbox-store.ts';

export interface Hands {
  driver: Driver;
  store: SandboxStore;
  probes: Probes;
  clients: InstanceClients;
  now: () => number;
}

/**
 * Does one action of a decision. Rejects when it could not be done; then the rest of the decision is dropped and decided
 * anew. That no instance could be made is no error but an observation: it counts against the sandbox.
 */
export async function act(hands: Hands, sandbox: Sandbox, memory: Memory, action: Action): Promise<void> {
  const { driver, store, probes, clients } = hands;
  const { name, uid } = sandbox.metadata;
  switch (action.type) {
    case 'createWorkspace':
      store.workspaces.record(action.name, action.retain ? null : uid);
      await driver.createWorkspace(action.name);
      return;
    case 'createInstance':
      await createInstance(hands, sandbox, memory, action);
      return;
    case 'askToSuspend': {
      const target = await targetOf(driver, action.uid);
      const { agreed, idleForMs } = await clients.of(target).suspend({ ifIdleForMs: action.ifIdleForMs });
      const { generation } = sandbox.metadata;
      memory.suspendAnswer = { agreed, idleForMs, instanceUid: action.uid, generation, at: hands.now() };
      return;
    }
    case 'reopenInstance':
      await clients.of(await targetOf(driver, action.uid)).reopen();
      // As good as an answer that it is busy: whoever changed the wish is given time to use it.
      memory.suspendAnswer = {
        agreed: false,
        idleForMs: 0,
        instanceUid: action.uid,
        generation: sandbox.metadata.generation,
        at: hands.now(),
      };
      return;
    case 'deleteInstance':
      probes.unwatch(action.uid);
      clients.forget(action.uid);
      await driver.deleteInstance(action.uid, { graceMs: action.graceMs });
      return;
    case 'deleteWorkspace':
      await driver.deleteWorkspace(action.name);
      store.workspaces.forget(action.name);
      return;
    case 'deleteSandbox':
      store.requestDeletion(name);
      return;
    case 'finalizeSandbox':
      store.remove(name);
      return;
    case 'adoptInstance':
      throw new Error('There are no pools on one host, so there is no warm instance to adopt.');
  }
}

async function createInstance(
  { driver, probes, now }: Hands,
  sandbox: Sandbox,
  memory: Memory,
  { workspace, display, desktop }: Extract<Action, { type: 'createInstance' }>,
): Promise<void> {
  if (workspace === undefined) throw new Error('Instances of one host need a workspace.');
  const { name, uid } = sandbox.metadata;
  try {
    const instance = await driver.createInstance({
      sandbox: { name, uid, sessionId: sessionOf(sandbox) },
      uid: randomUUID(),
      workspace,
      display,
      desktop,
    });
    delete memory.createFailure;
    void probes.watch({ ...instance, desktop });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    memory.createFailure = { kind: 'failed', reason: reasons.CreateFailed, message, at: now() };
  }
}

async function targetOf(driver: Driver, uid: string): Promise<Instance> {
  const instance = (await driver.list()).find((candidate) => candidate.uid === uid);
  if (!instance) throw new Error(`The instance ${uid} is gone.`);
  return instance;
}
