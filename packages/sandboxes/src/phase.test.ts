import { API_VERSION, type Sandbox, sandboxSpec, type SandboxStatus } from '@sandpiper/api';
import { describe, expect, it } from 'vitest';
import { phaseOf } from './phase.ts';

const CREATED = '2026-01-01T00:00:00.000Z';
const LATER = '2026-01-01T00:01:00.000Z';

function withStatus(status: SandboxStatus | undefined, deletionTimestamp?: string): Sandbox {
  return {
    apiVersion: API_VERSION,
    kind: 'Sandbox',
    metadata: {
      name: 'sbx-one',
      uid: 'u',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: CREATED,
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    },
    spec: sandboxSpec.parse({}),
    ...(status && { status }),
  };
}

const is = (type: string, status: 'True' | 'False', reason: string) => ({
  type,
  status,
  reason,
  message: `because of ${reason}`,
  lastTransitionTime: LATER,
});
const endpoint = { address: 'unix:/run/tool.sock', uid: 'i' };

describe('the phase that a person sees', () => {
  it.each<[string, Sandbox | undefined, string]>([
    ['there is none', undefined, 'none'],
    ['it was just asked for', withStatus(undefined), 'creating'],
    ['its instance is being made', withStatus({ conditions: [is('Ready', 'False', 'Creating')] }), 'creating'],
    [
      'it waits before the next attempt',
      withStatus({ conditions: [is('Ready', 'False', 'RestartBackoff')] }),
      'creating',
    ],
    ['tools are starting', withStatus({ conditions: [is('Ready', 'False', 'ToolsStarting')] }), 'starting-tools'],
    ['tools went silent', withStatus({ conditions: [is('Ready', 'False', 'Unresponsive')] }), 'starting-tools'],
    [
      'the desktop is starting',
      withStatus({ conditions: [is('Ready', 'False', 'DesktopStarting')] }),
      'starting-desktop',
    ],
    ['its node is silent', withStatus({ conditions: [is('Ready', 'False', 'NodeLost')], endpoint }), 'starting-tools'],
    ['the one before is on a silent node', withStatus({ conditions: [is('Ready', 'False', 'NodeLost')] }), 'creating'],
    ['no node has room', withStatus({ conditions: [is('Ready', 'False', 'Unschedulable')] }), 'creating'],
    ['a quota is used up', withStatus({ conditions: [is('Ready', 'False', 'QuotaExceeded')] }), 'creating'],
    ['all is there', withStatus({ conditions: [is('Ready', 'True', 'Ready')], endpoint }), 'ready'],
    ['its instance is ending', withStatus({ conditions: [is('Suspended', 'True', 'Idle')], endpoint }), 'suspending'],
    ['its instance has ended', withStatus({ conditions: [is('Suspended', 'True', 'Idle')] }), 'suspended'],
    ['something has its name', withStatus({ conditions: [is('Ready', 'False', 'NameConflict')] }), 'failed'],
    ['its template is not valid', withStatus({ conditions: [is('Ready', 'False', 'TemplateInvalid')] }), 'failed'],
    ['its namespace goes', withStatus({ conditions: [is('Ready', 'False', 'NamespaceTerminating')] }), 'failed'],
    ['it failed too often', withStatus({ conditions: [is('Finished', 'True', 'CrashLoop')] }), 'failed'],
    ['its time is over', withStatus({ conditions: [is('Finished', 'True', 'Expired')] }), 'finished'],
    ['it is being deleted', withStatus({ conditions: [is('Ready', 'True', 'Ready')] }, LATER), 'finished'],
  ])('when %s', (_when, sandbox, phase) => expect(phaseOf(sandbox).phase).toBe(phase));

  it('says why, since when, and how the launch went', () => {
    const status = {
      conditions: [is('Suspended', 'True', 'Idle'), is('BrowserSandbox', 'False', 'NoUserNamespaces')],
      launch: { type: 'Cold' as const, requestedAt: CREATED, readyAt: '2026-01-01T00:00:00.900Z' },
      lastFailure: { reason: 'Crashed', message: 'It ended.', at: CREATED, consecutive: 1, uid: 'i' },
    };
    expect(phaseOf(withStatus(status))).toEqual({
      phase: 'suspended',
      reason: 'Idle',
      message: 'because of Idle',
      sinceMs: Date.parse(LATER),
      toolsReady: false,
      browserSandboxed: false,
      launch: { type: 'Cold', durationMs: 900 },
      lastFailure: { reason: 'Crashed', message: 'It ended.', at: CREATED, consecutive: 1 },
    });
  });

  it('measures a restart from the failure before it', () => {
    const failed = { reason: 'Crashed', message: '', at: LATER, consecutive: 1 };
    const status = { conditions: [is('Ready', 'False', 'RestartBackoff')], lastFailure: failed };
    expect(phaseOf(withStatus(status)).sinceMs).toBe(Date.parse(LATER));
  });
});
