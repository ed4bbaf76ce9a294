import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { aSandbox, anInstance, anObservation, aWorkspace, DISPLAY, T0 } from './testing/builders.ts';
import { MINUTE, reasonOf, seenRunning } from './testing/seen.ts';

describe('a warm instance', () => {
  const other = { width: 1920, height: 1080 };
  const candidates = [
    { uid: 'oldest', createdAt: T0 - 2, display: other },
    { uid: 'old', createdAt: T0 - 1, display: DISPLAY, templateHash: 'before' },
    { uid: 'young', createdAt: T0, display: DISPLAY, templateHash: 'now' },
  ];

  it('is the oldest with the wished desktop', () => {
    expect(decide(anObservation({ candidates })).actions).toEqual([{ type: 'adoptInstance', uid: 'old' }]);
    const wide = anObservation({ candidates, sandbox: aSandbox({ display: other }) });
    expect(decide(wide).actions).toEqual([{ type: 'adoptInstance', uid: 'oldest' }]);
  });

  it('is none where none has the wished desktop', () => {
    const sandbox = aSandbox({ display: { width: 800, height: 600 } });
    const cold = decide(anObservation({ candidates, sandbox }));
    expect(cold.actions.map(({ type }) => type)).toEqual(['createWorkspace', 'createInstance']);
    const strict = aSandbox({ ...sandbox.spec, poolPolicy: 'Require' });
    const waits = decide(anObservation({ candidates, sandbox: strict }));
    expect(waits.actions).toEqual([]);
    expect(reasonOf(waits.status, 'Ready')).toBe('False PoolExhausted');
  });

  it('is not taken beside a workspace that was made and not recorded yet', () => {
    const { actions } = decide(anObservation({ candidates, workspaces: [aWorkspace()] }));
    expect(actions.map(({ type }) => type)).toEqual(['createInstance']);
  });

  it('is not asked to suspend for the time in its pool', () => {
    const warm = anInstance({ uid: 'warm', warm: true, createdAt: T0 - 24 * 60 * MINUTE });
    const { actions, requeueAfterMs } = decide(anObservation({ instances: [warm], workspaces: [aWorkspace()] }));
    expect(actions).toEqual([]);
    expect(requeueAfterMs).toBe(30 * MINUTE);
  });

  it('takes no workspace along that was not taken over before it ended', () => {
    const ended = anInstance({ uid: 'warm', warm: true, workspace: 'warm-ws', state: 'Failed', toolsReady: false });
    const half = { name: 'warm-ws', ownerUid: 'warm', terminating: false };
    const { status, actions } = decide(anObservation({ instances: [ended], workspaces: [half] }));
    expect(actions).toMatchObject([{ type: 'deleteInstance', uid: 'warm' }]);
    expect(status.workspace).toBeUndefined();
    const whole = { ...half, ownerUid: undefined };
    const kept = decide(anObservation({ instances: [ended], workspaces: [whole] }));
    // It belongs to nobody, so this record is all that holds it.
    expect(kept.status.workspace).toEqual({ claimName: 'warm-ws', retain: true });
  });

  it('withdraws the endpoint of the one before while it has no address', () => {
    const next = anInstance({ uid: 'i-2', address: undefined, state: 'Pending', toolsReady: false });
    expect(decide(seenRunning(MINUTE, {}, { instances: [next] })).status.endpoint).toBeUndefined();
  });
});
