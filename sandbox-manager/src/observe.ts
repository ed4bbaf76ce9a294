import type { Sandbox, SandboxTemplate } from '@sandpiper/api';
import type {
  CreateFailure,
  Observation,
  ObservedInstance,
  ObservedWorkspace,
  SuspendAnswer,
} from '@sandpiper/lifecycle';
import type { Driver, Instance } from './driver.ts';
import type { Probes } from './probes.ts';
import type { SandboxStore } from './store/sandbox-store.ts';

/** What the manager remembers of a sandbox between two looks; losing it costs a question, nothing else. */
export interface Memory {
  suspendAnswer?: SuspendAnswer;
  createFailure?: CreateFailure;
}

export interface Eyes {
  driver: Driver;
  store: SandboxStore;
  probes: Probes;
  templates: ReadonlyMap<string, SandboxTemplate>;
  now: () => number;
}

/** A workspace that is there without a record of who made it: nobody's to use or delete. */
const UNRECORDED_OWNER = 'unrecorded';

/** Gathers all that a decision about one sandbox depends on. */
export async function observe(eyes: Eyes, sandbox: Sandbox, memory: Memory): Promise<Observation> {
  const { uid, name } = sandbox.metadata;
  const related = (await eyes.driver.list()).filter(
    (instance) => instance.sandboxUid === uid || instance.sandboxName === name,
  );
  const template = eyes.templates.get(sandbox.spec.templateRef.name);
  const names = new Set([
    sandbox.status?.workspace?.claimName ?? name,
    ...related.filter((instance) => instance.sandboxUid === uid).map((instance) => instance.workspace),
  ]);
  const workspaces = await Promise.all([...names].map((workspace) => observeWorkspace(eyes, workspace)));
  return {
    now: eyes.now(),
    sandbox,
    template,
    instances: related.map((instance) => toObserved(eyes.probes, instance, template?.spec.desktop ?? true)),
    live: true,
    workspaces: workspaces.filter((workspace) => workspace !== undefined),
    candidates: [],
    ...memory,
  };
}

async function observeWorkspace({ driver, store }: Eyes, name: string): Promise<ObservedWorkspace | undefined> {
  if (!(await driver.workspaceExists(name))) return undefined;
  const record = store.workspaces.find(name);
  return { name, ownerUid: record ? (record.ownerUid ?? undefined) : UNRECORDED_OWNER, terminating: false };
}

function toObserved(probes: Probes, instance: Instance, wantsDesktop: boolean): ObservedInstance {
  const { tools, desktopReady } = probes.readinessOf(instance.uid);
  // Whether there is a desktop is the template's word, not the sandbox's: one that denies it is not ready.
  const isRunning = instance.state === 'Running';
  return {
    uid: instance.uid,
    ownerUid: instance.sandboxUid,
    workspace: instance.workspace,
    address: instance.address,
    state: isRunning ? 'Running' : 'Failed',
    terminating: false,
    warm: false,
    createdAt: instance.startedAt,
    toolsReady: isRunning && tools,
    desktop: wantsDesktop ? (desktopReady ? 'ready' : 'starting') : 'off',
    restarts: instance.restarts,
    ...(instance.exit && { lastExit: instance.exit }),
    ...(wantsDesktop && { browserSandbox: instance.confinement.browserSandbox }),
  };
}
