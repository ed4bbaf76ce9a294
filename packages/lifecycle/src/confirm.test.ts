import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import type { Observation } from './observation.ts';
import { aSandbox, anInstance, anObservation, aWorkspace, DISPLAY, iso, T0 } from './testing/builders.ts';
import { MINUTE, seenRunning } from './testing/seen.ts';

describe('what a cache may hide', () => {
  const gone = { instances: [] };
  const deleting = aSandbox();
  deleting.metadata.deletionTimestamp = iso(T0);
  const warm = { candidates: [{ uid: 'warm', createdAt: T0, display: DISPLAY }] };

  it.each<[string, Observation]>([
    ['an instance is made', anObservation()],
    ['one is adopted', anObservation(warm)],
    ['the published one counts as lost', seenRunning(MINUTE, {}, gone)],
    ['a workspace is deleted', anObservation({ sandbox: deleting, workspaces: [aWorkspace()] })],
    ['the resource is let go', anObservation({ sandbox: deleting })],
  ])('is looked for at the source before %s', (_name, seen) => {
    expect(decide(seen).confirm).toBe(true);
    expect(decide({ ...seen, live: true })).toEqual({ ...decide(seen), confirm: false });
  });

  it.each<[string, Observation]>([
    ['it runs', seenRunning(MINUTE)],
    ['an instance is ended', seenRunning(MINUTE, { spec: { operatingMode: 'Suspended' } })],
    ['it sleeps', seenRunning(MINUTE, { spec: { operatingMode: 'Suspended' } }, gone)],
    ['the second half of an adoption is done', anObservation({ instances: [anInstance({ uid: 'warm', warm: true })] })],
  ])('does not matter when %s', (_name, seen) => expect(decide(seen).confirm).toBe(false));
});
