import { annotations, type Sandbox } from '@sandpiper/api';
import { describe, expect, it } from 'vitest';
import { planSweep } from './sweep.ts';
import { aSandbox, CREATED, type SandboxParts } from './testing/builders.ts';

const MARKED = { [annotations.orphanedAt]: CREATED };
const sandboxes = (count: number, parts: SandboxParts = {}) =>
  Array.from({ length: count }, (_, index) => aSandbox({ sessionId: `s-${index}`, ...parts }));
const ids = (count: number, from = 0) => new Set(Array.from({ length: count }, (_, index) => `s-${index + from}`));
const names = (found: readonly Sandbox[]) => found.map(({ metadata }) => metadata.name);

describe('a sweep', () => {
  it('marks what lost its session and unmarks what has it back', () => {
    const all = [
      ...sandboxes(10),
      aSandbox({ sessionId: 'back', annotations: MARKED }),
      aSandbox({ sessionId: 'lost' }),
    ];
    const plan = planSweep(all, new Set([...ids(10), 'back']));
    expect(names(plan.mark)).toEqual(['sbx-lost']);
    expect(names(plan.unmark)).toEqual(['sbx-back']);
    expect(plan.isTooMuch).toBe(false);
  });

  it('leaves alone what is marked already, so that its week goes on', () => {
    const plan = planSweep(sandboxes(5, { annotations: MARKED }), new Set());
    expect(plan).toEqual({ mark: [], unmark: [], isTooMuch: false });
  });

  it('leaves alone what is younger than the list of sessions may be', () => {
    const moment = Date.parse(CREATED);
    expect(planSweep(sandboxes(1), new Set(), moment - 1).mark).toEqual([]);
    expect(planSweep(sandboxes(1), new Set(), moment).mark).toHaveLength(1);
  });

  it.each([
    [1, 1, false],
    [2, 2, true],
    [10, 1, false],
    [20, 2, false],
    [20, 3, true],
    [100, 10, false],
    [100, 11, true],
  ])('of %i sandboxes, %i without a session: too much is %s', (total, lost, isTooMuch) => {
    expect(planSweep(sandboxes(total), ids(total - lost, lost))).toMatchObject({ isTooMuch });
  });
});
