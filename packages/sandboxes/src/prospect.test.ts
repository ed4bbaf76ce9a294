import { annotations, type Sandbox } from '@sandpiper/api';
import { describe, expect, it } from 'vitest';
import { prospectOf } from './prospect.ts';
import { aCondition, aSandbox, CREATED, READY, type SandboxParts } from './testing/builders.ts';

const LATER = '2026-01-01T01:00:00.000Z';
const SUSPENDED = { conditions: [aCondition('Suspended', 'True', 'Idle')], suspendedAt: CREATED };
const starting = (type: string, reason: string) => ({
  ...READY,
  conditions: [aCondition('ToolsReady', 'True', 'Ready'), aCondition(type, 'False', reason)],
});
const finished = (reason: string) => ({ conditions: [aCondition('Finished', 'True', reason, 'It is over.')] });

function look(sandbox: Sandbox | undefined, need: 'tools' | 'desktop' = 'desktop'): string {
  const prospect = prospectOf(sandbox, 'one', need);
  if (prospect.kind === 'hopeless') return prospect.error.code;
  return prospect.kind === 'asleep' && prospect.byWish ? 'asleep by wish' : prospect.kind;
}

describe('what one look means for somebody who waits', () => {
  it.each<[string, SandboxParts, string]>([
    ['was just asked for', {}, 'wait'],
    ['is ready', { status: READY }, 'ready'],
    ['has tools and not yet a desktop', { status: starting('DesktopReady', 'DesktopStarting') }, 'wait'],
    ['has no desktop at all', { status: starting('DesktopReady', 'DesktopDisabled') }, 'SANDBOX_FAILED'],
    ['sleeps', { status: SUSPENDED }, 'asleep'],
    ['is waking', { status: SUSPENDED, spec: { wakeRequestedAt: LATER } }, 'wait'],
    ['fell asleep after it was woken', { status: SUSPENDED, spec: { wakeRequestedAt: CREATED } }, 'asleep'],
    ['is to sleep', { status: READY, spec: { operatingMode: 'Suspended' } }, 'asleep by wish'],
    ['lost its session', { status: READY, annotations: { [annotations.orphanedAt]: CREATED } }, 'asleep'],
    ['is being deleted', { status: READY, deletionTimestamp: LATER }, 'SANDBOX_DELETING'],
    ['gave up', { status: finished('CrashLoop') }, 'SANDBOX_FAILED'],
    ['gave up before it was asked again', { status: { ...finished('CrashLoop'), observedGeneration: 0 } }, 'wait'],
    ['expired', { status: finished('Expired') }, 'SANDBOX_FINISHED'],
    ['has no room yet', { status: { conditions: [aCondition('Ready', 'False', 'Unschedulable')] } }, 'wait'],
    [
      'names no template',
      { status: { conditions: [aCondition('Ready', 'False', 'TemplateNotFound')] } },
      'SANDBOX_FAILED',
    ],
    [
      'has a bad template',
      { status: { conditions: [aCondition('Ready', 'False', 'TemplateInvalid')] } },
      'SANDBOX_FAILED',
    ],
    [
      'has its name taken',
      { status: { conditions: [aCondition('Ready', 'False', 'NameConflict')] } },
      'SANDBOX_FAILED',
    ],
  ])('when it %s', (_when, parts, expected) => expect(look(aSandbox(parts))).toBe(expected));

  it('is there for tools before the desktop', () => {
    expect(look(aSandbox({ status: starting('DesktopReady', 'DesktopStarting') }), 'tools')).toBe('ready');
  });

  it('when there is none', () => expect(look(undefined)).toBe('SANDBOX_NOT_FOUND'));
});
