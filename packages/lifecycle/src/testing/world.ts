import { isDeepStrictEqual } from 'node:util';
import type { Sandbox, SandboxTemplate } from '@sandpiper/api';
import { decide } from '../decide.ts';
import type { Action, Decision } from '../decision.ts';
import type { CreateFailure, Observation, ObservedInstance, ObservedWorkspace, SuspendAnswer } from '../observation.ts';
import { TIMES } from '../policy.ts';
import { aSandbox, aTemplate, DISPLAY, iso, T0 } from './builders.ts';

interface WorldInstance extends ObservedInstance {
  /** It agreed to suspend and takes no work. */
  closed: boolean;
}

/** How a decision is applied: as it should be, or as it is when something breaks off. */
export type Fault = 'none' | 'dropped' | { onlyActions: number };

export interface WorldOptions {
  /** Whether the template has a workspace, and whether that outlives the sandbox. */
  workspace: 'none' | 'owned' | 'retained';
  /** `host` sees everything as it is and stores every status first; `cluster` has caches, and holds progress back. */
  driver: 'host' | 'cluster';
  /** How long a status that only tells of progress is held back, ms; at most `TIMES.progressMs` in a driver. */
  holdMs: number;
  /** How far the clocks of others are ahead of the observer's, ms. */
  skew: { server: number; asker: number; node: number };
  /** Whether the observer knows how far the server's clock is ahead. */
  knowsSkew: boolean;
}

const EVEN: WorldOptions = {
  workspace: 'owned',
  driver: 'host',
  holdMs: TIMES.progressMs,
  skew: { server: 0, asker: 0, node: 0 },
  knowsSkew: false,
};

/** How old an observation is, counted in observations. */
export interface Lag {
  sandbox: number;
  instances: number;
}

/**
 * A model of all that a driver stands for: a store with versions, instances that start, end and break, nodes that fall
 * silent, workspaces that hold one instance each, caches that lag. It refuses what reality refuses, and throws when a
 * decision touches what is not the sandbox's or puts two on one workspace.
 */
export class World {
  now = T0;
  sandbox: Sandbox | undefined;
  template: SandboxTemplate | undefined;
  readonly options: WorldOptions;
  busy = false;
  /** Answers of instances get lost on their way; an observer takes that for a refusal, and asks again soon. */
  deaf = false;
  /** What every attempt to make an instance meets. */
  refusal: Pick<CreateFailure, 'kind' | 'reason' | 'message'> | undefined;
  instances = new Map<string, WorldInstance>();
  workspaces = new Map<string, ObservedWorkspace>();
  /** Statuses that were stored, and instances that were made. */
  readonly counts = { statusWrites: 0, created: 0 };
  private suspendAnswer: SuspendAnswer | undefined;
  private createFailure: CreateFailure | undefined;
  /** Since when a status that only tells of progress has been held back. */
  private heldSince: number | undefined;
  /** Version of the last status that the observer stored: it looks at nothing older. */
  private ownVersion = 0;
  private readonly past: Observation[] = [];
  private minted = 0;

  constructor(options: Partial<WorldOptions> = {}) {
    this.options = { ...EVEN, ...options };
    this.template = this.theTemplate();
    this.sandbox = aSandbox();
    this.sandbox.metadata.creationTimestamp = iso(T0 + this.options.skew.server);
  }

  theTemplate(): SandboxTemplate {
    return aTemplate(this.options.workspace);
  }

  observe(): Observation | undefined {
    if (!this.sandbox) return undefined;
    const { name, uid } = this.sandbox.metadata;
    const instances = [...this.instances.values()].map(({ closed: _closed, ...instance }) => instance);
    const used = new Set(this.own().map(({ workspace }) => workspace));
    const seen: Observation = {
      now: this.now,
      sandbox: this.sandbox,
      template: this.template,
      instances: instances.filter((instance) => instance.ownerUid === uid || instance.uid.startsWith('foreign')),
      live: this.options.driver === 'host',
      workspaces: [...this.workspaces.values()].filter(
        ({ name: each, ownerUid }) => ownerUid === uid || each === name || each === this.claim() || used.has(each),
      ),
      candidates: instances
        .filter((instance) => instance.ownerUid === undefined && instance.warm && !instance.terminating)
        .map((instance) => ({ uid: instance.uid, createdAt: instance.createdAt, display: DISPLAY })),
      ...this.memory(),
      ...(this.options.knowsSkew && { clockSkewMs: this.options.skew.server }),
    };
    this.past.push(structuredClone(seen));
    return structuredClone(seen);
  }

  /**
   * One pass of a reconciler.
   *
   * @returns what was decided, whether its status is held back, and when to look again at the latest, epoch ms
   */
  reconcile(fault: Fault = 'none', lag?: Lag): { decision: Decision; held: boolean; lookAt: number } | undefined {
    const fresh = this.observe();
    if (!fresh) return undefined;
    const seen = lag ? this.outdated(fresh, lag) : fresh;
    let decision = decideTwice(seen);
    if (decision.confirm) {
      const { instances, workspaces } = fresh;
      decision = decideTwice({ ...seen, instances, workspaces, live: true });
      if (decision.confirm) throw new Error('A live list is to be confirmed by another.');
    }
    if (fault !== 'dropped') this.carryOut(seen, decision, fault);
    const requeueAt = decision.requeueAfterMs === undefined ? Infinity : this.now + decision.requeueAfterMs;
    const lookAt = Math.min(requeueAt, (this.heldSince ?? Infinity) + this.options.holdMs);
    return { decision, held: this.heldSince !== undefined, lookAt };
  }

  /** What runs gets one step further: an instance starts, answers, shows its desktop, or is gone. */
  progress(): boolean {
    let changed = false;
    for (const instance of this.instances.values()) {
      if (instance.nodeLost) continue;
      if (instance.terminating) changed = this.instances.delete(instance.uid) || changed;
      else if (instance.state === 'Pending') {
        if (!instance.trouble) changed = become(instance, { state: 'Running', runningSince: this.nodeTime() });
      } else if (instance.state === 'Failed') continue;
      else if (!instance.toolsReady) changed = become(instance, { toolsReady: true });
      else if (instance.desktop === 'starting') changed = become(instance, { desktop: 'ready' });
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

  /** Asks for it by the asker's clock, but later than whatever put it to rest, and than the wake before. */
  wake(): void {
    const { status, spec } = this.sandbox ?? {};
    const before = [status?.suspendedAt, status?.lastFailure?.at, spec?.wakeRequestedAt];
    const after = before.map((moment) => (moment === undefined ? 0 : Date.parse(moment) + 1));
    const wakeRequestedAt = iso(Math.max(this.now + this.options.skew.asker, ...after));
    this.wish({ operatingMode: 'Running', wakeRequestedAt });
  }

  requestDeletion(): void {
    if (!this.sandbox || this.sandbox.metadata.deletionTimestamp !== undefined) return;
    const deletionTimestamp = iso(this.now);
    this.sandbox = { ...this.sandbox, metadata: { ...this.sandbox.metadata, deletionTimestamp } };
    this.bump();
  }

  /** The observer starts anew, and what it kept in memory is gone. On one host it opens whatever may have agreed. */
  forget(): void {
    if (this.options.driver === 'host') {
      for (const instance of this.own()) if (!instance.terminating) instance.closed = false;
    }
    this.suspendAnswer = undefined;
    this.createFailure = undefined;
    this.heldSince = undefined;
    this.ownVersion = this.version();
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
      createdAt: this.now + this.options.skew.server,
      toolsReady: false,
      desktop: 'starting',
      restarts: 0,
      closed: false,
      ...rest,
    });
  }

  /** A uid that was never used before: reality never gives one twice either. */
  mint(kind: string): string {
    this.minted += 1;
    return `${kind}-${this.minted}`;
  }

  own(): WorldInstance[] {
    return [...this.instances.values()].filter((instance) => instance.ownerUid === 'uid-one');
  }

  /** The present moment by the clock of a node, epoch ms. */
  nodeTime(): number {
    return this.now + this.options.skew.node;
  }

  private memory(): Pick<Observation, 'suspendAnswer' | 'createFailure'> {
    return {
      ...(this.suspendAnswer && { suspendAnswer: this.suspendAnswer }),
      ...(this.createFailure && { createFailure: this.createFailure }),
    };
  }

  private claim(): string | undefined {
    return this.sandbox?.status?.workspace?.claimName;
  }

  private version(): number {
    return Number(this.sandbox?.metadata.resourceVersion ?? 0);
  }

  /** What is seen through caches that lag, the resource's and the instances' each by so much. */
  private outdated(fresh: Observation, lag: Lag): Observation {
    const known = this.past.filter(({ sandbox }) => Number(sandbox.metadata.resourceVersion) >= this.ownVersion);
    const { sandbox, template } = known.at(-1 - lag.sandbox) ?? known[0] ?? fresh;
    const { instances, workspaces, candidates } = this.past.at(-1 - lag.instances) ?? fresh;
    return structuredClone({ ...fresh, sandbox, template, instances, workspaces, candidates });
  }

  private carryOut(seen: Observation, decision: Decision, fault: Fault): void {
    const { statusWrite, actions } = decision;
    const isFirst = this.options.driver === 'host' || statusWrite === 'first';
    if (isFirst && !this.store(seen, decision)) return;
    const done = fault === 'none' ? actions : actions.slice(0, fault === 'dropped' ? 0 : fault.onlyActions);
    const { generation } = seen.sandbox.metadata;
    for (const action of done) if (!this.apply(action, generation)) return;
    if (isFirst || done.length < actions.length) return;
    if (statusWrite === 'now') this.store(seen, decision);
    if (statusWrite === 'none') this.heldSince = undefined;
    if (statusWrite !== 'soon') return;
    this.heldSince ??= this.now;
    if (this.now >= this.heldSince + this.options.holdMs) this.store(seen, decision);
  }

  /** @returns false on a conflict: somebody changed the resource since it was observed */
  private store(seen: Observation, decision: Decision): boolean {
    if (!this.sandbox || Number(seen.sandbox.metadata.resourceVersion) !== this.version()) return false;
    this.heldSince = undefined;
    if (isDeepStrictEqual(this.sandbox.status, decision.status)) return true;
    this.sandbox = { ...this.sandbox, status: decision.status };
    this.bump();
    this.ownVersion = this.version();
    this.counts.statusWrites += 1;
    return true;
  }

  /**
   * @param generation  of the resource that was decided on
   * @returns false when it could not be done, and the rest of the decision is dropped
   */
  private apply(action: Action, generation: number): boolean {
    switch (action.type) {
      case 'createWorkspace': {
        if (this.workspaces.has(action.name)) return false;
        const ownerUid = action.retain ? undefined : 'uid-one';
        this.workspaces.set(action.name, { name: action.name, ownerUid, terminating: false });
        return true;
      }
      case 'createInstance':
        return this.createInstance(action.workspace);
      case 'adoptInstance':
        return this.adoptInstance(action.uid);
      case 'askToSuspend': {
        const instance = this.instances.get(action.uid);
        if (!instance?.toolsReady || instance.nodeLost || !this.sandbox) return false;
        // Once closed, nothing can begin that would make it refuse.
        instance.closed ||= !this.busy;
        this.suspendAnswer = {
          instanceUid: instance.uid,
          generation,
          agreed: instance.closed && !this.deaf,
          idleForMs: this.deaf ? action.ifIdleForMs - 10_000 : instance.closed ? action.ifIdleForMs : 0,
          at: this.now,
        };
        return true;
      }
      case 'reopenInstance': {
        const instance = this.instances.get(action.uid);
        if (!instance || instance.nodeLost) return false;
        instance.closed = false;
        this.suspendAnswer = { instanceUid: instance.uid, generation, agreed: false, idleForMs: 0, at: this.now };
        return true;
      }
      case 'deleteInstance':
        return this.deleteInstance(action.uid, action.force);
      case 'deleteWorkspace': {
        const workspace = this.workspaces.get(action.name);
        if (workspace && workspace.ownerUid !== 'uid-one') {
          throw new Error(`Deleted the foreign workspace ${action.name}.`);
        }
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
    // The live check, and the name that only one may have.
    if (this.own().length > 0 || this.instances.has('foreign-1')) return false;
    if (this.refusal) {
      this.createFailure = { ...this.refusal, at: this.now };
      return false;
    }
    if (workspace !== undefined) {
      const found = this.workspaces.get(workspace);
      if (!found || found.terminating) return false;
      if (found.ownerUid !== 'uid-one' && this.claim() !== workspace) {
        throw new Error(`Used the foreign workspace ${workspace}.`);
      }
      if ([...this.instances.values()].some((instance) => instance.workspace === workspace)) {
        throw new Error(`Put two on the workspace ${workspace}.`);
      }
    }
    this.counts.created += 1;
    this.createFailure = undefined;
    this.addInstance(this.mint('i'), { ownerUid: 'uid-one', workspace });
    return true;
  }

  private adoptInstance(uid: string): boolean {
    const instance = this.instances.get(uid);
    if (!instance || (instance.ownerUid !== undefined && instance.ownerUid !== 'uid-one')) return false;
    if (instance.ownerUid === undefined) {
      if (this.own().length > 0 || instance.terminating) return false;
      const recorded = this.claim();
      if (recorded !== undefined && recorded !== instance.workspace) throw new Error('Adopted beside a workspace.');
      instance.ownerUid = 'uid-one';
    }
    const workspace = this.workspaces.get(instance.workspace ?? '');
    if (workspace?.ownerUid === instance.uid) {
      workspace.ownerUid = this.options.workspace === 'retained' ? undefined : 'uid-one';
    }
    return true;
  }

  private deleteInstance(uid: string, force: boolean): boolean {
    const instance = this.instances.get(uid);
    if (!instance) return true;
    if (instance.ownerUid !== 'uid-one') throw new Error(`Deleted the foreign instance ${uid}.`);
    if (force && instance.workspace !== undefined) throw new Error(`Forgot ${uid}, which may write to its workspace.`);
    if (force) this.instances.delete(uid);
    else instance.terminating = true;
    return true;
  }

  private bump(): void {
    if (!this.sandbox) return;
    const resourceVersion = String(this.version() + 1);
    this.sandbox = { ...this.sandbox, metadata: { ...this.sandbox.metadata, resourceVersion } };
  }
}

function decideTwice(seen: Observation): Decision {
  const frozen = deepFreeze(structuredClone(seen));
  const decision = decide(frozen);
  if (!isDeepStrictEqual(decision, decide(frozen))) throw new Error('Two decisions on one observation differ.');
  const isSame = isDeepStrictEqual(decision.status, frozen.sandbox.status);
  if (isSame !== (decision.statusWrite === 'none')) throw new Error('A status is to be stored exactly when it is new.');
  // A status that is held back may never be stored, so nobody would hear of them.
  if (decision.statusWrite === 'soon' && decision.events.length > 0) throw new Error('Progress is no event.');
  return decision;
}

function become(instance: WorldInstance, next: Partial<WorldInstance>): true {
  Object.assign(instance, next);
  return true;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
