import { annotations, reasons, type SandboxStatus } from '@sandpiper/api';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import type { Observation, ObservedInstance } from './observation.ts';
import { aSandbox, anInstance, anObservation, aTemplate, aWorkspace, iso, T0 } from './testing/builders.ts';
import { after, MINUTE, reasonOf, seenRunning, wokenAt } from './testing/seen.ts';

const workspace = aWorkspace();

describe('starting', () => {
  it('makes the workspace, then the instance', () => {
    const { actions, status } = decide(anObservation());
    expect(actions).toEqual([
      { type: 'createWorkspace', name: 'sbx-one', retain: false },
      { type: 'createInstance', workspace: 'sbx-one', display: { width: 1280, height: 800 }, desktop: true },
    ]);
    expect(status.workspace).toEqual({ claimName: 'sbx-one', retain: false });
  });

  it.each<[string, Partial<ObservedInstance>, string]>([
    ['not running yet', { state: 'Pending', toolsReady: false, desktop: 'starting' }, 'False Creating'],
    ['running', { toolsReady: false, desktop: 'starting' }, 'False ToolsStarting'],
    ['answering', { desktop: 'starting' }, 'False DesktopStarting'],
    ['complete', {}, 'True Ready'],
    ['complete without a desktop', { desktop: 'off' }, 'True Ready'],
  ])('says how far an instance is that is %s', (_name, instance, ready) => {
    const { status } = decide(anObservation({ instances: [anInstance(instance)], workspaces: [workspace] }));
    expect(reasonOf(status, 'Ready')).toBe(ready);
    expect(status.endpoint).toEqual({ address: 'unix:/run/i-1/tool.sock', uid: 'i-1' });
  });

  it('records when the launch was asked for, began and was ready, once', () => {
    const seen = seenRunning(0);
    expect(seen.sandbox.status?.launch).toEqual({
      type: 'Cold',
      requestedAt: iso(T0),
      startedAt: iso(T0),
      readyAt: iso(T0),
      restarts: 0,
    });
    expect(decide(seenRunning(5 * MINUTE)).status).toEqual(seen.sandbox.status);
  });

  it('refuses what belongs to others, and waits without a template', () => {
    const foreign = { ...workspace, ownerUid: 'other' };
    const seen: [Partial<Observation>, string][] = [
      [{ workspaces: [foreign] }, reasons.NameConflict],
      [{ instances: [anInstance({ ownerUid: 'other' })] }, reasons.NameConflict],
      [{ template: undefined }, reasons.TemplateNotFound],
    ];
    for (const [rest, reason] of seen) {
      const { actions, status, events } = decide(anObservation(rest));
      expect(actions).toEqual([]);
      expect(reasonOf(status, 'Ready')).toBe(`False ${reason}`);
      expect(events).toMatchObject([{ type: 'Warning', reason }]);
    }
  });

  it('takes the oldest warm instance, unless it has a workspace of its own already', () => {
    const candidates = [
      { uid: 'young', createdAt: T0, display: { width: 1280, height: 800 } },
      { uid: 'old', createdAt: T0 - 1, display: { width: 1280, height: 800 } },
    ];
    expect(decide(anObservation({ candidates })).actions).toEqual([{ type: 'adoptInstance', uid: 'old' }]);
    const settled = aSandbox({}, { status: { workspace: { claimName: 'sbx-one', retain: false } } });
    const cold = decide(anObservation({ sandbox: settled, candidates, workspaces: [workspace] }));
    expect(cold.actions.map((action) => action.type)).toEqual(['createInstance']);
    const never = decide(anObservation({ sandbox: aSandbox({ poolPolicy: 'Never' }), candidates }));
    expect(never.actions.map((action) => action.type)).toEqual(['createWorkspace', 'createInstance']);
    const empty = decide(anObservation({ sandbox: aSandbox({ poolPolicy: 'Require' }) }));
    expect(empty.actions).toEqual([]);
    expect(reasonOf(empty.status, 'Ready')).toBe('False PoolExhausted');
  });

  it('finishes an adoption that stopped before the workspace, and publishes only then', () => {
    const warm = anInstance({ uid: 'warm', warm: true, workspace: 'warm-ws' });
    const half = { name: 'warm-ws', ownerUid: 'warm', terminating: false };
    const { actions, status } = decide(anObservation({ instances: [warm], workspaces: [half] }));
    expect(actions).toEqual([{ type: 'adoptInstance', uid: 'warm' }]);
    expect(status.endpoint).toBeUndefined();
    const whole = decide(anObservation({ instances: [warm], workspaces: [{ ...half, ownerUid: 'uid-one' }] }));
    expect(whole.status).toMatchObject({ endpoint: { uid: 'warm' }, workspace: { claimName: 'warm-ws' } });
  });

  it('deletes an instance that it owns beside the published one', () => {
    const twin = anInstance({ uid: 'twin', createdAt: T0 - 1 });
    const seen = seenRunning(1, {}, { instances: [twin, anInstance()] });
    expect(decide(seen).actions).toMatchObject([{ type: 'deleteInstance', uid: 'twin' }]);
  });
});

describe('idleness', () => {
  const answer = { instanceUid: 'i-1', generation: 1, at: T0 + 30 * MINUTE };

  it('asks when the idle timeout has passed, not before', () => {
    const early = decide(seenRunning(10 * MINUTE));
    expect(early.actions).toEqual([]);
    expect(early.requeueAfterMs).toBe(20 * MINUTE);
    expect(decide(seenRunning(30 * MINUTE)).actions).toEqual([
      { type: 'askToSuspend', uid: 'i-1', ifIdleForMs: 30 * MINUTE },
    ]);
  });

  it('asks again when the answer could have become another', () => {
    const refused = { ...answer, agreed: false, idleForMs: 12 * MINUTE };
    const { actions, requeueAfterMs } = decide(seenRunning(30 * MINUTE, {}, { suspendAnswer: refused }));
    expect(actions).toEqual([]);
    expect(requeueAfterMs).toBe(18 * MINUTE);
  });

  it('suspends after an agreement: the status first, the endpoint until the instance is gone', () => {
    const agreed = { ...answer, agreed: true, idleForMs: 30 * MINUTE };
    const seen = seenRunning(30 * MINUTE, {}, { suspendAnswer: agreed });
    const { actions, status } = decide(seen);
    expect(reasonOf(status, 'Suspended')).toBe('True Idle');
    expect(reasonOf(status, 'ToolsReady')).toBe('False Idle');
    expect(status.suspendedAt).toBe(iso(T0 + 30 * MINUTE));
    expect(status.endpoint?.uid).toBe('i-1');
    expect(actions).toMatchObject([{ type: 'deleteInstance', uid: 'i-1' }]);

    const gone = { ...seen, sandbox: after(seen), instances: [] };
    expect(decide(gone).actions).toEqual([]);
    expect(decide(gone).status.endpoint).toBeUndefined();
  });

  it('lets a wake that came meanwhile win over the agreement', () => {
    const agreed = { ...answer, generation: 0, agreed: true, idleForMs: 30 * MINUTE };
    const { actions, status } = decide(seenRunning(30 * MINUTE, {}, { suspendAnswer: agreed }));
    expect(actions).toEqual([{ type: 'reopenInstance', uid: 'i-1' }]);
    expect(reasonOf(status, 'Ready')).toBe('True Ready');
  });

  it('reopens what may have agreed with somebody whose memory is lost, when the wish is new', () => {
    const woken = { ...seenRunning(30 * MINUTE), sandbox: wokenAt(seenRunning(0).sandbox, T0 + 1) };
    expect(decide(woken).actions).toEqual([{ type: 'reopenInstance', uid: 'i-1' }]);
    const unheard = { ...answer, agreed: false, idleForMs: 0 };
    expect(decide({ ...woken, suspendAnswer: unheard }).actions).toEqual([{ type: 'reopenInstance', uid: 'i-1' }]);
    const reopened = { ...answer, generation: 2, agreed: false, idleForMs: 0 };
    expect(decide({ ...woken, suspendAnswer: reopened })).toMatchObject({ actions: [], requeueAfterMs: 30 * MINUTE });
    const never = anObservation({ instances: [anInstance()], workspaces: [workspace] });
    expect(decide(never).actions).toEqual([]);
  });

  it('deletes instead where that is the policy', () => {
    const agreed = { ...answer, agreed: true, idleForMs: 30 * MINUTE };
    const spec = { lifetime: { idlePolicy: 'Delete' as const } };
    const { actions } = decide(seenRunning(30 * MINUTE, { spec }, { suspendAnswer: agreed }));
    expect(actions).toEqual([{ type: 'deleteSandbox', reason: 'Idle' }]);
  });
});

describe('suspension and wake', () => {
  const wished = seenRunning(MINUTE, { spec: { operatingMode: 'Suspended' } });
  const woken = { ...aSandbox().spec, wakeRequestedAt: iso(T0 + 2 * MINUTE) };

  it("follows the person's wish at once", () => {
    expect(reasonOf(decide(wished).status, 'Suspended')).toBe('True Requested');
    expect(decide(wished).actions).toMatchObject([{ type: 'deleteInstance', uid: 'i-1' }]);
  });

  it('ends the old instance before it starts a new one, and counts no failure', () => {
    const sandbox = { ...after(wished), spec: woken };
    const waking = { ...wished, now: T0 + 2 * MINUTE, sandbox };
    expect(decide(waking).actions).toMatchObject([{ type: 'deleteInstance', uid: 'i-1' }]);
    const gone = decide({ ...waking, instances: [] });
    expect(gone.actions.map((action) => action.type)).toEqual(['createInstance']);
    expect(gone.status.lastFailure).toBeUndefined();
    expect(reasonOf(gone.status, 'Suspended')).toBe('False Awake');
  });

  it('measures the launch from the wake', () => {
    const sandbox = { ...after({ ...wished, instances: [] }), spec: woken };
    const instance = anInstance({ uid: 'i-2', createdAt: T0 + 2 * MINUTE + 100 });
    const { status } = decide({ ...wished, now: T0 + 2 * MINUTE + 900, sandbox, instances: [instance] });
    // The new instance is not there before the suspension is lifted; the one pass that meets both ends it.
    expect(reasonOf(status, 'Suspended')).toBe('True Requested');
    const lifted = { ...sandbox, status: decide({ ...wished, sandbox, instances: [] }).status };
    const ready = decide({ ...wished, now: T0 + 2 * MINUTE + 900, sandbox: lifted, instances: [instance] });
    expect(ready.status.launch).toMatchObject({
      requestedAt: iso(T0 + 2 * MINUTE),
      startedAt: iso(T0 + 2 * MINUTE + 100),
      readyAt: iso(T0 + 2 * MINUTE + 900),
    });
  });

  it('stays suspended when an idle sandbox was woken before it fell asleep', () => {
    const idle = seenRunning(MINUTE, {}, { hostStopping: true });
    expect(reasonOf(decide(idle).status, 'Suspended')).toBe('True HostStopped');
    const spec = { ...aSandbox().spec, wakeRequestedAt: iso(T0 + 1) };
    const rest = { ...idle, hostStopping: false, instances: [], sandbox: { ...after(idle), spec } };
    expect(decide(rest).actions).toEqual([]);
    expect(reasonOf(decide(rest).status, 'Suspended')).toBe('True HostStopped');
  });

  it('suspends a sandbox without a session, and deletes it after a week', () => {
    const sandbox = seenRunning(0).sandbox;
    const orphan = {
      ...sandbox,
      metadata: { ...sandbox.metadata, annotations: { [annotations.orphanedAt]: iso(T0) } },
    };
    const young = decide(seenRunning(MINUTE, {}, { sandbox: orphan }));
    expect(reasonOf(young.status, 'Suspended')).toBe('True Orphaned');
    expect(young.requeueAfterMs).toBe(7 * 24 * 60 * MINUTE - MINUTE);
    const old = decide(seenRunning(7 * 24 * 60 * MINUTE, {}, { sandbox: orphan, instances: [] }));
    expect(old.actions).toEqual([{ type: 'deleteSandbox', reason: 'Orphaned' }]);
  });
});

describe('recovery', () => {
  const exit = { reason: 'Crashed', message: 'It ended with 1.', exitCode: 1 };
  const crashedAt = (at: number) => ({
    state: 'Failed' as const,
    toolsReady: false,
    lastExit: { ...exit, at: T0 + at },
  });
  const failedBefore = (consecutive: number, at = T0 - MINUTE): SandboxStatus => ({
    lastFailure: { ...exit, at: iso(at), consecutive, uid: 'earlier' },
  });

  it.each([
    [0, 500],
    [1, 1_000],
    [2, 2_000],
    [4, 8_000],
  ])('after %i failures in a row, waits %i ms with the next attempt', (earlier, waitMs) => {
    const seen = seenRunning(1_000, { instance: crashedAt(1_000), status: earlier > 0 ? failedBefore(earlier) : {} });
    const { actions, status } = decide(seen);
    expect(actions).toMatchObject([{ type: 'deleteInstance', uid: 'i-1', reason: 'Crashed' }]);
    expect(status).toMatchObject({ restarts: 1, lastFailure: { consecutive: earlier + 1, uid: 'i-1', exitCode: 1 } });
    expect(status.endpoint).toBeUndefined();

    const gone = { ...seen, sandbox: after(seen), instances: [] };
    expect(decide(gone)).toMatchObject({ actions: [], requeueAfterMs: waitMs });
    expect(decide({ ...gone, now: gone.now + waitMs }).actions.map((action) => action.type)).toEqual([
      'createInstance',
    ]);
  });

  it('counts a failure once, however often it is seen', () => {
    const seen = seenRunning(1_000, { instance: crashedAt(1_000) });
    const again = decide({ ...seen, sandbox: after(seen) });
    expect(again.status.lastFailure?.consecutive).toBe(1);
    expect(again.actions).toMatchObject([{ type: 'deleteInstance', uid: 'i-1' }]);
    expect(again.events).toEqual([]);
  });

  it('gives up after too many, and tries again when somebody asks', () => {
    const seen = seenRunning(1_000, { instance: crashedAt(1_000), status: failedBefore(5) });
    const { status, events } = decide(seen);
    expect(reasonOf(status, 'Finished')).toBe('True CrashLoop');
    expect(events.map((event) => event.reason)).toEqual(['Crashed', 'CrashLoop']);
    const rest = { ...seen, now: seen.now + 60 * MINUTE, sandbox: after(seen), instances: [] };
    expect(decide(rest)).toMatchObject({ actions: [] });

    const woken = decide({ ...rest, sandbox: wokenAt(rest.sandbox, T0 + 2_000) });
    expect(woken.actions.map((action) => action.type)).toEqual(['createInstance']);
    expect(reasonOf(woken.status, 'Finished')).toBe('False InUse');
  });

  it('gives up at the first failure where that is the policy', () => {
    const spec = { restart: { policy: 'Never' as const, maxRestarts: 5 } };
    const { status } = decide(seenRunning(1_000, { spec, instance: crashedAt(1_000) }));
    expect(reasonOf(status, 'Finished')).toBe('True NotRestarted');
  });

  it('forgives earlier failures when it ran stably since, or somebody woke it', () => {
    const at = 10 * MINUTE;
    const stable = seenRunning(at, { instance: crashedAt(at), status: failedBefore(5) });
    expect(decide(stable).status.lastFailure?.consecutive).toBe(1);

    const early = seenRunning(1_000, { instance: crashedAt(1_000), status: failedBefore(5) });
    expect(decide(early).status.lastFailure?.consecutive).toBe(6);
    const woken = { ...early, sandbox: wokenAt(early.sandbox, T0) };
    expect(decide(woken).status.lastFailure?.consecutive).toBe(1);
  });

  it('lets a wake count once, however far the clock of who asked is ahead', () => {
    const ahead = wokenAt(seenRunning(0, { status: failedBefore(3) }).sandbox, T0 + MINUTE);
    const running = seenRunning(1_000, {}, { sandbox: ahead });
    const crashed = { ...running, sandbox: after(running), instances: [anInstance(crashedAt(1_000))] };
    expect(decide(crashed).status.lastFailure?.consecutive).toBe(1);
    const gone = { ...crashed, sandbox: after(crashed), instances: [] };
    expect(decide(gone)).toMatchObject({ actions: [], requeueAfterMs: 500 });
  });

  it('leaves a running instance alone when fewer failures are allowed than it had', () => {
    const spec = { restart: { policy: 'OnFailure' as const, maxRestarts: 0 } };
    const { actions, status } = decide(seenRunning(1_000, { spec, status: failedBefore(3) }));
    expect(actions).toEqual([]);
    expect(reasonOf(status, 'Ready')).toBe('True Ready');
  });

  it('counts restarts in place, and keeps the instance', () => {
    const seen = seenRunning(1_000, { instance: { restarts: 2, lastExit: { ...exit, at: T0 + 900 } } });
    const { actions, status } = decide(seen);
    expect(actions).toEqual([]);
    expect(status).toMatchObject({
      restarts: 2,
      launch: { restarts: 2 },
      lastFailure: { reason: 'Crashed', consecutive: 0 },
    });
    expect(decide({ ...seen, sandbox: after(seen) }).status).toEqual(status);
  });

  it('gives up an instance that never answers, or stops answering for a minute', () => {
    const starting = { toolsReady: false, desktop: 'starting' as const };
    const fresh = anObservation({ instances: [anInstance(starting)], workspaces: [workspace] });
    expect(decide(fresh).requeueAfterMs).toBe(2 * MINUTE);
    const late = decide({ ...fresh, now: T0 + 2 * MINUTE, sandbox: after(fresh) });
    expect(late.status.lastFailure?.reason).toBe('StartTimeout');

    const silent = seenRunning(5 * MINUTE, { instance: starting });
    expect(decide(silent).actions).toEqual([]);
    expect(reasonOf(decide(silent).status, 'Ready')).toBe('False Unresponsive');
    expect(decide(silent).requeueAfterMs).toBe(MINUTE);
    const still = decide({ ...silent, now: silent.now + MINUTE, sandbox: after(silent) });
    expect(still.status.lastFailure?.reason).toBe('Unresponsive');
    expect(still.actions).toMatchObject([{ type: 'deleteInstance', uid: 'i-1' }]);
  });

  it('notices that the published instance is gone', () => {
    const { status } = decide(seenRunning(1_000, {}, { instances: [] }));
    expect(status.lastFailure).toMatchObject({ reason: 'InstanceLost', uid: 'i-1' });
  });
});

describe('the end', () => {
  it.each([
    ['Retain' as const, []],
    ['Delete' as const, [{ type: 'deleteSandbox', reason: 'Expired' }]],
  ])('ends the instance when its time is over, and then follows the policy %s', (shutdownPolicy, then) => {
    const spec = { lifetime: { maxLifetime: '10m', shutdownPolicy } };
    expect(decide(seenRunning(9 * MINUTE, { spec })).requeueAfterMs).toBe(MINUTE);
    const { actions, status } = decide(seenRunning(10 * MINUTE, { spec }));
    expect(reasonOf(status, 'Finished')).toBe('True Expired');
    expect(actions).toMatchObject([{ type: 'deleteInstance', uid: 'i-1' }, ...then]);
  });

  it('deletes instances, then workspaces, then the resource, and nothing of others', () => {
    const running = seenRunning(MINUTE);
    const sandbox = { ...running.sandbox, metadata: { ...running.sandbox.metadata, deletionTimestamp: iso(T0) } };
    const foreign = { name: 'foreign', ownerUid: 'other', terminating: false };
    const seen = { ...running, sandbox, workspaces: [workspace, foreign] };
    expect(decide(seen).actions).toMatchObject([{ type: 'deleteInstance', uid: 'i-1' }]);
    const noInstance = { ...seen, instances: [anInstance({ uid: 'x', ownerUid: 'other' })] };
    expect(decide(noInstance).actions).toEqual([{ type: 'deleteWorkspace', name: 'sbx-one' }]);
    const nothing = { ...noInstance, workspaces: [foreign] };
    expect(decide(nothing).actions).toEqual([{ type: 'finalizeSandbox' }]);
  });

  it('keeps a workspace that is to be retained, whoever owns it', () => {
    const status = { workspace: { claimName: 'sbx-one', retain: true } };
    const sandbox = aSandbox({}, { status });
    sandbox.metadata.deletionTimestamp = iso(T0);
    const seen = anObservation({ sandbox, template: aTemplate('retained'), workspaces: [workspace] });
    expect(decide(seen).actions).toEqual([{ type: 'finalizeSandbox' }]);
  });
});
