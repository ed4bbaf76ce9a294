import type { Condition, SandboxStatus } from '@sandpiper/api';
import { describe, expect, it } from 'vitest';
import { obstacleOf } from './obstacle.ts';
import { aCondition, aSandbox, CREATED, READY } from './testing/builders.ts';

const NO_NODE = '0/3 nodes are available: 3 Insufficient memory.';
const withConditions = (...conditions: Condition[]) => aSandbox({ status: { conditions } });
const failure = (reason: string, message: string): NonNullable<SandboxStatus['lastFailure']> => ({
  reason,
  message,
  at: CREATED,
  consecutive: 1,
});

describe('what keeps a sandbox from starting', () => {
  it.each([
    ['Unschedulable', NO_NODE, 'capacity', /no room.*0\/3 nodes are available/],
    ['PoolExhausted', 'None is ready.', 'capacity', /no room.*None is ready/],
    ['QuotaExceeded', 'exceeded quota: small', 'capacity', /no room.*exceeded quota/],
    ['ImagePull', 'not found', 'image', /cannot be pulled: not found/],
    ['PodRefused', 'violates PodSecurity', 'instance', /violates PodSecurity/],
    ['NamespaceTerminating', '', 'instance', /cannot be made\.$/],
  ])('%s', (reason, message, kind, text) => {
    const obstacle = obstacleOf(withConditions(aCondition('Ready', 'False', reason, message)));
    expect(obstacle).toMatchObject({ kind, message: expect.stringMatching(text) as string });
  });

  it('reads it off the last failure while it waits for the next attempt', () => {
    const conditions = [aCondition('Ready', 'False', 'RestartBackoff', 'It is started again soon.')];
    const refused = aSandbox({
      status: { conditions, lastFailure: failure('QuotaExceeded', 'exceeded quota: small') },
    });
    expect(obstacleOf(refused)).toMatchObject({ kind: 'capacity' });
    const crashed = aSandbox({ status: { conditions, lastFailure: failure('OOMKilled', 'It used too much.') } });
    expect(obstacleOf(crashed)).toBeUndefined();
  });

  it('takes the word of the scheduler where Ready tells less', () => {
    const creating = aCondition('Ready', 'False', 'Creating');
    const scheduled = (message: string) => aCondition('PodScheduled', 'False', 'Unscheduled', message);
    expect(obstacleOf(withConditions(creating, scheduled(NO_NODE)))).toMatchObject({ kind: 'capacity' });
    expect(obstacleOf(withConditions(creating, scheduled('')))).toBeUndefined();
  });

  it('finds none in one that is ready, whatever was before, or that nobody has looked at', () => {
    const lastFailure = failure('QuotaExceeded', 'exceeded quota');
    expect(obstacleOf(aSandbox({ status: { ...READY, lastFailure } }))).toBeUndefined();
    expect(obstacleOf(aSandbox())).toBeUndefined();
  });
});
