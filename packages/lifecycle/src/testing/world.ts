import { isDeepStrictEqual } from 'node:util';
import type { Sandbox, SandboxTemplate } from '@sandpiper/api';
import { decide } from '../decide.ts';
import type { Action, Decision } from '../decision.ts';
import type { Observation, ObservedInstance, ObservedWorkspace, SuspendAnswer } from '../observation.ts';
import { aSandbox, aTemplate, T0 } from './builders.ts';

const DISPLAY = { width: 1280, height: 800 };

interface WorldInstance extends ObservedInstance {
  /** It agreed to suspend and takes no work. */
  closed: boolean;
}

/** How a decision is applied: as it should be, or as it is when something breaks off. */
export type Fault = 'none' | 'dropped' | { onlyActions: number };

/**
 * A model of all that a driver stands for: a store with versions, instances that start, end and break, workspaces that
 * hold one instance each. It refuses what reality refuses, and throws when a decision touches what is not the sandbox's.
 */
export class World {
  now = T0;
  sandbox: Sandbox | undefined = aSandbox();
  template: SandboxTemplate | undefined;
  readonly retain: boolean;
  busy = false;
  instances = new Map<string, WorldInstance>();
  workspaces = new Map<string, ObservedWorkspace>();
  private suspendAnswer: SuspendAnswer | undefined;
  private createFailure: Observation['createFailure'];
  private readonly past: Observation[] = [];
  private minted = 0;

  constructor(retain = false) {
    this.retain = retain;
    this.template = aTemplate(retain);
  }

  observe(): Observation | undefined {
    if (!this.sandbox) return undefined;
    const { name, uid } = this.sandbox.metadata;
    const instances = [...this.instances.values()].map(({ closed: _closed, ...instance }) => instance);
    const seen: Observation = {
      now: this.now,
      sandbox: this.sandbox,
      template: this.template,
      instances: instances.filter((instance) => instance.ownerUid === uid || instance.uid.startsWith('foreign')),
      workspaces: [...this.workspaces.values()].filter(
        (workspace) => workspace.ownerUid === uid || workspace.name === name || workspace.name === this.claim(),
      ),
      candidates: instances
        .filter((instance) => instance.ownerUid === undefined && instance.warm)
        .map(({ uid: candidate, createdAt }) => ({ uid: candidate, createdAt, display: DISPLAY })),
      ...(this.suspendAnswer && { suspendAnswer: this.suspendAnswer }),
      ...(this.createFailure && { createFailure: this.createFailure }),
    };
    this.past.push(seen);
    return structuredClone(seen);
  }

  /** One pass of a reconciler; `back` decides on what was seen so many observations ago, at the present time. */
  reconcile(fault: Fault = 'none', back = 0): Decision | undefined {
    const fresh = this.observe();
    if (!fresh) return undefined;
    const old = this.past.at(-1 - back) ?? fresh;
    const seen = deepFreeze(structuredClone({ ...old, now: this.now }));
    const decision = decide(seen);
    if (!isDeepStrictEqual(decision, decide(seen))) throw new Error('Two decisions on one observation differ.');
    if (fault === 'dropped') return decision;
    if (!this.writeStatus(seen, decision)) return decision;
    const actions = fault === 'none' ? decision.actions : decision.actions.slice(0, fault.onlyActions);
    for (const action of actions) if (!this.apply(action)) break;
    return decision;
  }

  /** What runs gets one step further: an instance starts, answers, shows its desktop, or is gone. */
  progress(): boolean {
    let changed = false;
    for (const instance of this.instances.values()) {
      if (instance.terminating) changed = this.instances.delete(instance.uid) || changed;
      else if (instance.state === 'Pending') changed = this.become(instance, { state: 'Running' });
      else if (instance.state === 'Failed') continue;
      else if (!instance.toolsReady) changed = this.become(instance, { toolsReady: true });
      else if (instance.desktop === 'starting') changed = this.become(instance, { desktop: 'ready' });
    }
    for (const workspace of this.workspaces.values()) {
      if (workspace.terminating) changed = this.workspaces.delete(workspace.name) || changed;
    }
    return changed;
  }

  wish(change: Partial<Sandbox['spec']>): void {
    if (!this.sandbox) return;
    const { metadata, spec } = this.sandbox;
    this.sandbox = {
      ...this.sandbox,
      spec: { ...spec, ...change },
      metadata: { ...metadata, generation: metadata.generation + 1 },
    };
    this.bump();
  }

  wake(): void {
    const rested = [this.sandbox?.status?.suspendedAt, this.sandbox?.status?.lastFailure?.at];
    const after = Math.max(this.now, ...rested.map((moment) => (moment === undefined ? 0 : Date.parse(moment) + 1)));
    this.wish({ operatingMode: 'Running', wakeRequestedAt: new Date(after).toISOString() });
  }

  requestDeletion(): void {
    if (!this.sandbox || this.sandbox.metadata.deletionTimestamp !== undefined) return;
    const deletionTimestamp = new Date(this.now).toISOString();
    this.sandbox = { ...this.sandbox, metadata: { ...this.sandbox.metadata, deletionTimestamp } };
    this.bump();
  }

  /** The observer starts anew: what it kept in memory is gone, so it opens whatever may have agreed to suspend. */
  forget(): void {
    for (const instance of this.own()) if (!instance.terminating) instance.closed = false;
    this.suspendAnswer = undefined;
    this.createFailure = undefined;
  }

  /** Adds an instance that no decision asked for. */
  addInstance(uid: string, rest: Partial<WorldInstance>): void {
    this.instances.set(uid, {
      uid,
      ownerUid: 'somebody-else',
      workspace: undefined,
      address: `unix:/run/${uid}/tool.sock`,
      state: 'Pending',
      terminating: false,
      warm: false,
      createdAt: this.now,
      toolsReady: false,
      desktop: 'starting',
      restarts: 0,
      closed: false,
      ...rest,
    });
  }

  own(): WorldInstance[] {
    return [...this.instances.values()].filter((instance) => instance.ownerUid === 'uid-one');
  }

  private claim(): string | undefined {
    return this.sandbox?.status?.workspace?.claimName;
  }

  private writeStatus(seen: Observation, decision: Decision): boolean {
    if (seen.sandbox.metadata.resourceVersion !== this.sandbox?.metadata.resourceVersion) return false;
    if (isDeepStrictEqual(this.sandbox.status, decision.status)) return true;
    this.sandbox = { ...this.sandbox, status: decision.status };
    this.bump();
    return true;
  }

  private apply(action: Action): boolean {
    switch (action.type) {
      case 'createWorkspace': {
        if (this.workspaces.has(action.name)) return false;
        const ownerUid = action.retain ? undefined : 'uid-one';
        this.workspaces.set(action.name, { name: action.name, ownerUid, terminating: false });
        return true;
      }
      case 'createInstance':
        return this.createInstance(action.workspace);
      case 'adoptInstance': {
        const instance = this.instances.get(action.uid);
        if (!instance || (instance.ownerUid !== undefined && instance.ownerUid !== 'uid-one')) return false;
        const recorded = this.claim();
        if (recorded !== undefined && recorded !== instance.workspace) throw new Error('Adopted beside a workspace.');
        instance.ownerUid = 'uid-one';
        const workspace = this.workspaces.get(instance.workspace ?? '');
        if (workspace?.ownerUid === instance.uid) workspace.ownerUid = this.retain ? undefined : 'uid-one';
        return true;
      }
      case 'askToSuspend': {
        const instance = this.instances.get(action.uid);
        if (!instance?.toolsReady || !this.sandbox) return false;
        // Once closed, nothing can begin that would make it refuse.
        instance.closed ||= !this.busy;
        const { closed: agreed, uid: instanceUid } = instance;
        const { generation } = this.sandbox.metadata;
        const idleForMs = agreed ? action.ifIdleForMs : 0;
        this.suspendAnswer = { instanceUid, generation, agreed, idleForMs, at: this.now };
        return true;
      }
      case 'reopenInstance': {
        const instance = this.instances.get(action.uid);
        if (instance) instance.closed = false;
        this.suspendAnswer = undefined;
        return true;
      }
      case 'deleteInstance': {
        const instance = this.instances.get(action.uid);
        if (instance && instance.ownerUid !== 'uid-one') throw new Error(`Deleted the foreign instance ${action.uid}.`);
        if (instance) instance.terminating = true;
        return true;
      }
      case 'deleteWorkspace': {
        const workspace = this.workspaces.get(action.name);
        if (workspace && workspace.ownerUid !== 'uid-one')
          throw new Error(`Deleted the foreign workspace ${action.name}.`);
        if ([...this.instances.values()].some((instance) => instance.workspace === action.name)) {
          throw new Error(`Deleted the workspace ${action.name} under an instance.`);
        }
        if (workspace) workspace.terminating = true;
        return true;
      }
      case 'deleteSandbox':
        this.requestDeletion();
        return true;
      case 'finalizeSandbox':
        if (this.own().length > 0) throw new Error('Let the resource go before its instances.');
        this.sandbox = undefined;
        return true;
    }
  }

  private createInstance(workspace: string | undefined): boolean {
    const owner = this.workspaces.get(workspace ?? '')?.ownerUid;
    if (owner !== undefined && owner !== 'uid-one') throw new Error(`Used the foreign workspace ${workspace ?? ''}.`);
    const holder = [...this.instances.values()].find((instance) => instance.workspace === workspace);
    if (holder || !this.workspaces.has(workspace ?? '')) {
      this.createFailure = {
        kind: 'failed',
        reason: 'CreateFailed',
        message: 'The workspace is not free.',
        at: this.now,
      };
      return false;
    }
    this.minted += 1;
    this.addInstance(`i-${this.minted}`, { ownerUid: 'uid-one', workspace });
    return true;
  }

  private become(instance: WorldInstance, next: Partial<WorldInstance>): boolean {
    Object.assign(instance, next);
    return true;
  }

  private bump(): void {
    if (!this.sandbox) return;
    const resourceVersion = String(Number(this.sandbox.metadata.resourceVersion) + 1);
    this.sandbox = { ...this.sandbox, metadata: { ...this.sandbox.metadata, resourceVersion } };
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
