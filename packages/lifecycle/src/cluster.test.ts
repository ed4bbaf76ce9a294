import { findCondition, type Condition, type Sandbox, type SandboxTemplate } from '@sandpiper/api';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import type { CreateFailure, Observation, ObservedInstance } from './observation.ts';
import { aSandbox, anInstance, anObservation, aTemplate, aWorkspace, DISPLAY, iso, T0 } from './testing/builders.ts';
import { after, MINUTE, reasonOf, seenRunning, wokenAt } from './testing/seen.ts';
import { World } from './testing/world.ts';

const bare = { workspace: undefined };
const noRoom = { reason: 'Unschedulable', message: '0/3 nodes are available: 3 Insufficient cpu.' };
const pending: Partial<ObservedInstance> = {
  state: 'Pending',
  toolsReady: false,
  desktop: 'starting',
  scheduled: false,
  address: undefined,
};

/** A pod that was made and does not get on. */
function seenPending(rest: Partial<ObservedInstance>, sandbox: Sandbox = aSandbox(), now = T0): Observation {
  const instances = [anInstance({ ...pending, ...rest })];
  return anObservation({ now, sandbox, instances, workspaces: [aWorkspace()] });
}

describe('an instance that does not get on', () => {
  it('says why at once, in the words of whoever stops it, and is waited for', () => {
    const { status, actions, statusWrite, requeueAfterMs, events } = decide(seenPending({ trouble: noRoom }));
    expect(actions).toEqual([]);
    expect(requeueAfterMs).toBeUndefined();
    expect(statusWrite).toBe('now');
    for (const type of ['Ready', 'PodScheduled'] as const) {
      expect(findCondition(status.conditions, type)).toMatchObject({ status: 'False', ...noRoom });
    }
    expect(status.lastFailure).toEqual({ ...noRoom, at: iso(T0), consecutive: 0 });
    expect(events).toMatchObject([{ type: 'Warning', ...noRoom }]);
  });

  it('keeps the first words while only numbers change, and the first cause while the reason stays', () => {
    const first = seenPending({ trouble: noRoom });
    const recounted = { ...noRoom, message: '0/4 nodes are available: 4 Insufficient cpu.' };
    const again = decide(seenPending({ trouble: recounted }, after(first), T0 + MINUTE));
    expect(again.statusWrite).toBe('none');

    const other = { ...noRoom, message: '0/4 nodes are available: 4 node(s) had untolerated taint.' };
    const reworded = decide(seenPending({ trouble: other }, after(first), T0 + MINUTE));
    expect(reworded.statusWrite).toBe('soon');
    expect(findCondition(reworded.status.conditions, 'Ready')).toMatchObject(other);
    expect(reworded.status.lastFailure).toMatchObject({ ...noRoom, at: iso(T0) });
  });

  it('is asked for once, whatever is noted while it has no address', () => {
    const sandbox = aSandbox();
    sandbox.metadata.creationTimestamp = iso(T0 - MINUTE);
    const first = seenPending({ trouble: noRoom }, sandbox);
    const launch = { type: 'Cold', requestedAt: iso(T0 - MINUTE), startedAt: iso(T0) };
    expect(decide(first).status.launch).toMatchObject(launch);
    const later = seenPending({ trouble: noRoom }, after(first), T0 + MINUTE);
    expect(decide(later).status.launch).toMatchObject(launch);
  });

  it('goes from one trouble to the next, and leaves the last as the cause', () => {
    const scheduled = { scheduled: true };
    const pull = { reason: 'ImagePull', message: 'The image x cannot be had: not found' };
    const waiting = seenPending({ trouble: noRoom });
    const pulling = seenPending({ ...scheduled, trouble: pull }, after(waiting), T0 + MINUTE);
    const { status } = decide(pulling);
    expect(reasonOf(status, 'PodScheduled')).toBe('True Scheduled');
    expect(reasonOf(status, 'Ready')).toBe('False ImagePull');
    expect(status.lastFailure).toEqual({ ...pull, at: iso(T0 + MINUTE), consecutive: 0 });

    const runs = { ...pulling, now: T0 + 10 * MINUTE, sandbox: after(pulling) };
    const instances = [anInstance({ ...scheduled, runningSince: T0 + 10 * MINUTE, toolsReady: false })];
    const running = decide({ ...runs, instances });
    expect(running.actions).toEqual([]);
    expect(reasonOf(running.status, 'Ready')).toBe('False ToolsStarting');
    expect(running.status.lastFailure).toMatchObject(pull);
    expect(running.requeueAfterMs).toBe(2 * MINUTE);
  });

  it('is given up for what it did before, not for what it waits for', () => {
    const lastFailure = { reason: 'Error', message: '', at: iso(T0 - MINUTE), consecutive: 2, uid: 'earlier' };
    const { status } = decide(seenPending({ trouble: noRoom }, aSandbox({}, { status: { lastFailure } })));
    expect(status.lastFailure).toEqual({ ...noRoom, at: iso(T0), consecutive: 2 });
  });
});

describe('a silent node', () => {
  const lost = { nodeLost: true, node: 'n-1' };

  it('is replaced at once where the instance has no workspace', () => {
    const template = aTemplate('none');
    const seen = seenRunning(MINUTE, { instance: { ...lost, ...bare } }, { template, workspaces: [] });
    const { actions, status, statusWrite } = decide(seen);
    expect(actions).toEqual([{ type: 'deleteInstance', uid: 'i-1', graceMs: 0, force: true, reason: 'NodeLost' }]);
    expect(statusWrite).toBe('first');
    expect(status).toMatchObject({ restarts: 1, lastFailure: { reason: 'NodeLost', uid: 'i-1', consecutive: 0 } });
    expect(status.endpoint).toBeUndefined();
    const gone = decide({ ...seen, now: seen.now + 500, sandbox: after(seen), instances: [] });
    expect(gone.actions).toMatchObject([{ type: 'createInstance', workspace: undefined }]);
  });

  it('is waited for where it may still write to the workspace, and says what an administrator can do', () => {
    const seen = seenRunning(MINUTE, { instance: { ...lost, toolsReady: false } });
    const { actions, status, statusWrite, requeueAfterMs } = decide(seen);
    expect([actions, requeueAfterMs]).toEqual([[], undefined]);
    expect(statusWrite).toBe('now');
    expect(reasonOf(status, 'Ready')).toBe('False NodeLost');
    expect(reasonOf(status, 'ToolsReady')).toBe('Unknown NodeLost');
    const message = findCondition(status.conditions, 'Ready')?.message;
    expect(message).toMatch(/n-1 is silent.*delete its Node object.*out-of-service/);
    expect(status.lastFailure).toEqual({ reason: 'NodeLost', message, at: iso(seen.now), consecutive: 0 });
    const hourLater = { ...seen, now: seen.now + 60 * MINUTE, sandbox: after(seen) };
    expect(decide(hourLater)).toMatchObject({ actions: [], statusWrite: 'none' });
  });

  it('goes on with the instance when it is back, and gives it time to answer', () => {
    const seen = seenRunning(MINUTE, { instance: { ...lost, toolsReady: false } });
    const back = { ...seen, now: seen.now + 60 * MINUTE, sandbox: after(seen) };
    const quiet = decide({ ...back, instances: [anInstance({ toolsReady: false })] });
    expect(quiet).toMatchObject({ actions: [], requeueAfterMs: MINUTE });
    const { status, actions } = decide({ ...back, instances: [anInstance()] });
    // It may have agreed to suspend before, and what was wished since could not reach it.
    expect(actions).toEqual([{ type: 'reopenInstance', uid: 'i-1' }]);
    expect(reasonOf(status, 'Ready')).toBe('True Ready');
    expect(status.lastFailure?.reason).toBe('NodeLost');
  });

  it('is no fault of the sandbox when somebody deletes it for good', () => {
    const seen = seenRunning(10 * MINUTE, { instance: { ...lost, toolsReady: false } });
    const gone = decide({ ...seen, now: seen.now + MINUTE, sandbox: after(seen), instances: [], live: true });
    expect(gone.status.lastFailure).toMatchObject({ reason: 'NodeLost', uid: 'i-1', consecutive: 0 });
    expect(gone.requeueAfterMs).toBe(500);
  });

  it.each([
    ['and starts nothing beside it', { workspace: 'sbx-one' }, []],
    ['or is forgotten where it has no workspace', bare, [{ type: 'deleteInstance', uid: 'i-1', force: true }]],
  ])('keeps one that is already ending %s', (_name, instance, expected) => {
    const seen = seenRunning(MINUTE, { instance: { ...lost, ...instance, terminating: true } });
    const { actions, status } = decide(seen);
    expect(actions).toMatchObject(expected);
    expect(actions).toHaveLength(expected.length);
    expect(status.lastFailure).toMatchObject({ reason: 'NodeLost', uid: 'i-1', consecutive: 0 });
    if (expected.length > 0) return;
    expect(reasonOf(status, 'Ready')).toBe('False NodeLost');
    expect(decide({ ...seen, now: seen.now + 60 * MINUTE, sandbox: after(seen) }).statusWrite).toBe('none');
  });

  it('holds up a suspension and a deletion, which say so', () => {
    const ending = { instance: { ...lost, terminating: true } };
    const suspended = seenRunning(MINUTE, { ...ending, spec: { operatingMode: 'Suspended' } });
    expect(findCondition(decide(suspended).status.conditions, 'Ready')?.message).toContain('out-of-service');
    const deleted = seenRunning(MINUTE, ending);
    deleted.sandbox.metadata.deletionTimestamp = iso(T0);
    expect(decide(deleted).actions).toEqual([]);
    expect(findCondition(decide(deleted).status.conditions, 'Ready')?.message).toContain('out-of-service');
  });

  it('does not hold up one that had ended before', () => {
    const exit = { reason: 'Error', message: 'It ended.', at: T0 + MINUTE };
    const { actions } = decide(seenRunning(MINUTE, { instance: { ...lost, state: 'Failed', lastExit: exit } }));
    expect(actions).toMatchObject([{ type: 'deleteInstance', uid: 'i-1', force: false }]);
  });
});

describe('an end that comes from outside', () => {
  const endedBy = (reason: string, at: number) => ({
    state: 'Failed' as const,
    toolsReady: false,
    lastExit: { reason, message: 'Because of others.', at: T0 + at },
  });
  const many = { lastFailure: { reason: 'Error', message: '', at: iso(T0 - 1), consecutive: 5, uid: 'earlier' } };

  it.each(['Evicted', 'Preempted', 'NodeShutdown'])('by %s counts for nothing, and is recovered from', (reason) => {
    const seen = seenRunning(2 * MINUTE, { instance: endedBy(reason, 2 * MINUTE), status: many });
    const { actions, status } = decide(seen);
    expect(actions).toMatchObject([{ type: 'deleteInstance', uid: 'i-1', reason }]);
    expect(status.lastFailure).toMatchObject({ reason, uid: 'i-1', consecutive: 5 });
    expect(reasonOf(status, 'Finished')).toBeUndefined();
    const gone = { ...seen, sandbox: after(seen), instances: [] };
    expect(decide(gone)).toMatchObject({ actions: [], requeueAfterMs: 500 });
    const [action] = decide({ ...gone, now: gone.now + 500 }).actions;
    expect(action).toMatchObject({ type: 'createInstance', workspace: 'sbx-one' });
  });

  it('keeps starts apart that end at once', () => {
    const seen = seenRunning(1_000, { instance: endedBy('Evicted', 1_000) });
    const gone = { ...seen, sandbox: after(seen), instances: [] };
    expect(decide(gone)).toMatchObject({ actions: [], requeueAfterMs: 29_000 });
  });

  it('keeps starts apart that end before they were ever published', () => {
    const instance = { ...endedBy('Evicted', 1_000), createdAt: T0, address: undefined };
    const seen = anObservation({ now: T0 + 1_000, instances: [anInstance(instance)], workspaces: [aWorkspace()] });
    const gone = { ...seen, sandbox: after(seen), instances: [] };
    expect(decide(gone)).toMatchObject({ actions: [], requeueAfterMs: 29_000 });
  });

  it.each(['OOMKilled', 'Error'])('is told from one by itself, as %s', (reason) => {
    const { status } = decide(seenRunning(MINUTE, { instance: endedBy(reason, MINUTE), status: many }));
    expect(reasonOf(status, 'Finished')).toBe('True CrashLoop');
  });

  it('is the last one where nothing is to be restarted', () => {
    const spec = { restart: { policy: 'Never' as const, maxRestarts: 5 } };
    const { status } = decide(seenRunning(MINUTE, { spec, instance: endedBy('Evicted', MINUTE) }));
    expect(reasonOf(status, 'Finished')).toBe('True NotRestarted');
  });

  it.each([
    ['the one who deletes it', endedBy('Preempted', MINUTE).lastExit, 'Preempted'],
    ['somebody', undefined, 'InstanceDeleted'],
    ['somebody, whatever ended in it before', endedBy('Error', 0).lastExit, 'InstanceDeleted'],
  ])('names %s as the cause while the instance ends', (_name, lastExit, reason) => {
    const instance = { terminating: true, ...(lastExit && { lastExit }) };
    const seen = seenRunning(MINUTE, { instance });
    const { actions, status } = decide(seen);
    expect(actions).toEqual([]);
    expect(status.lastFailure).toMatchObject({ reason, uid: 'i-1', consecutive: 0 });
    expect(reasonOf(status, 'Ready')).toBe('False Creating');
    expect(decide({ ...seen, sandbox: after(seen) }).statusWrite).toBe('none');
  });

  it('is not seen in the end of an instance that had finished', () => {
    const expired = seenRunning(10 * MINUTE, { spec: { lifetime: { maxLifetime: '10m' } } });
    const sandbox = { ...after(expired), spec: aSandbox().spec };
    const { status } = decide({ ...expired, sandbox, instances: [anInstance({ terminating: true })] });
    expect(reasonOf(status, 'Finished')).toBe('False InUse');
    expect(status.lastFailure).toBeUndefined();
  });
});

describe('a pod that cannot be made', () => {
  const failure = (kind: CreateFailure['kind'], reason: string, at = T0): CreateFailure => ({
    kind,
    reason,
    message: 'In the words of the server.',
    at,
  });
  const making = (createFailure: CreateFailure, sandbox = aSandbox(), now = createFailure.at): Observation =>
    anObservation({ now, sandbox, createFailure, workspaces: [aWorkspace()] });

  it('is refused: counted, with backoff and the words of the server, until it is given up', () => {
    const seen = making(failure('refused', 'PodRefused'));
    const { status, actions, requeueAfterMs } = decide(seen);
    expect(actions).toEqual([]);
    expect(requeueAfterMs).toBe(500);
    expect(findCondition(status.conditions, 'Ready')).toMatchObject({
      reason: 'PodRefused',
      message: 'In the words of the server.',
    });
    expect(status.lastFailure).toMatchObject({ reason: 'PodRefused', consecutive: 1 });

    const lastFailure = { reason: 'PodRefused', message: '', at: iso(T0 - 1), consecutive: 5 };
    const last = decide(making(failure('refused', 'PodRefused'), aSandbox({}, { status: { lastFailure } })));
    expect(reasonOf(last.status, 'Finished')).toBe('True CrashLoop');
  });

  it('meets a quota: tried ever more rarely, down to every 30 s, without a write and without an end', () => {
    const world = new World({ driver: 'cluster' });
    world.refusal = { kind: 'capacity', reason: 'QuotaExceeded', message: 'exceeded quota: 10' };
    const attempts: number[] = [];
    while (world.now < T0 + 60 * MINUTE) {
      const look = world.reconcile();
      if (look?.decision.actions.some(({ type }) => type === 'createInstance')) attempts.push(world.now);
      else world.now = look?.lookAt ?? Infinity;
    }
    const pauses = attempts.map((at, index) => at - (attempts[index - 1] ?? at)).slice(1);
    expect(pauses.slice(0, 8)).toEqual([1_000, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(Math.max(...pauses)).toBe(30_000);
    expect(world.counts.statusWrites).toBe(1);
    expect(reasonOf(world.sandbox?.status ?? {}, 'Ready')).toBe('False QuotaExceeded');
    expect(world.sandbox?.status?.lastFailure).toMatchObject({ reason: 'QuotaExceeded', consecutive: 0 });

    world.refusal = undefined;
    world.reconcile();
    expect(world.counts.created).toBe(1);
  });

  it('meets a quota, and is tried at once when somebody asks', () => {
    const seen = making(failure('capacity', 'QuotaExceeded'));
    const woken = { ...seen, now: T0 + 10, sandbox: wokenAt(after(seen), T0 + 5) };
    expect(decide(woken).actions.map(({ type }) => type)).toEqual(['createInstance']);
  });

  it('finds its namespace being deleted, and is not tried again', () => {
    const decision = decide(making(failure('terminating', 'NamespaceTerminating'), aSandbox(), T0 + MINUTE));
    expect(decision).toMatchObject({ actions: [], statusWrite: 'now' });
    expect(decision.requeueAfterMs).toBeUndefined();
    expect(reasonOf(decision.status, 'Ready')).toBe('False NamespaceTerminating');
  });
});

describe('the template', () => {
  const judged = (valid: Partial<Condition>): SandboxTemplate => {
    const condition = { type: 'Valid', status: 'False', reason: 'Refused', message: 'No such image field.' } as const;
    const conditions = [{ ...condition, observedGeneration: 1, lastTransitionTime: iso(T0), ...valid }];
    return { ...aTemplate(), status: { conditions } };
  };

  it('is not used while it is known not to be valid', () => {
    const seen = anObservation({ template: judged({}) });
    const { actions, status, events } = decide(seen);
    expect(actions).toEqual([]);
    expect(reasonOf(status, 'Ready')).toBe('False TemplateInvalid');
    expect(findCondition(status.conditions, 'Ready')?.message).toContain('No such image field.');
    expect(events).toMatchObject([{ type: 'Warning', reason: 'TemplateInvalid' }]);
    const candidates = [{ uid: 'warm', createdAt: T0, display: DISPLAY }];
    expect(decide({ ...seen, candidates }).actions).toEqual([]);
  });

  it.each([
    ['it is valid', { status: 'True' as const }],
    ['it was judged before it changed', { observedGeneration: 0 }],
    ['nobody knows', { status: 'Unknown' as const }],
  ])('is used when %s', (_name, valid) => {
    expect(decide(anObservation({ template: judged(valid) })).actions).toHaveLength(2);
  });

  it('leaves alone what runs already', () => {
    expect(decide(seenRunning(MINUTE, {}, { template: judged({}) })).statusWrite).toBe('none');
  });

  it('shows what was made from an older one', () => {
    const template = { ...aTemplate(), status: { templateHash: 'new' } };
    const { status, actions } = decide(seenRunning(MINUTE, { instance: { templateHash: 'old' } }, { template }));
    expect(actions).toEqual([]);
    expect(reasonOf(status, 'UpToDate')).toBe('False TemplateChanged');
  });

  it('keeps the workspace of a sandbox that had one under an older template', () => {
    const sandbox = aSandbox({}, { status: { workspace: { claimName: 'sbx-one', retain: false } } });
    const template = aTemplate('none');
    const seen = anObservation({ sandbox, template, workspaces: [aWorkspace()] });
    expect(decide(seen).actions).toMatchObject([{ type: 'createInstance', workspace: 'sbx-one' }]);
  });
});
