import type { Pod } from '@sandpiper/kube';
import { describe, expect, it } from 'vitest';
import { aPod, CREATED } from '../testing/objects.ts';
import { observedInstance } from './observed-instance.ts';
import { lastExitOf, troubleOf } from './root-cause.ts';

const FINISHED = '2026-01-01T00:05:00Z';

function container(pod: Pod) {
  const status = pod.status?.containerStatuses?.[0];
  if (!status) throw new Error('The pod of the test has a container.');
  return status;
}

describe('why a pod does not get on', () => {
  it('is told in the words of the scheduler', () => {
    const pod = aPod(({ status }) => {
      if (status)
        status.conditions = [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available.' },
        ];
    });
    expect(troubleOf(pod)).toEqual({ reason: 'Unschedulable', message: '0/3 nodes are available.' });
  });

  it('names the image that cannot be had', () => {
    const pod = aPod((each) => {
      container(each).state = { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } };
    });
    expect(troubleOf(pod)).toEqual({
      reason: 'ImagePull',
      message: 'The image example/sandbox:1 cannot be had: Back-off pulling image',
    });
  });

  it('is nothing for one that runs or only starts', () => {
    expect(troubleOf(aPod())).toBeUndefined();
    const starting = aPod((each) => {
      container(each).state = { waiting: { reason: 'ContainerCreating' } };
    });
    expect(troubleOf(starting)).toBeUndefined();
  });
});

describe('how a pod ended', () => {
  it('tells the limit that was too small', () => {
    const pod = aPod((each) => {
      container(each).lastState = { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: FINISHED } };
    });
    expect(lastExitOf(pod)).toEqual({
      reason: 'OOMKilled',
      message: 'It used more memory than its limit of 2Gi.',
      exitCode: 137,
      at: Date.parse(FINISHED),
    });
  });

  it('takes the reason of the pod over that of its container', () => {
    const pod = aPod((each) => {
      container(each).state = { terminated: { exitCode: 137, reason: 'Error', finishedAt: FINISHED } };
      if (each.status) {
        each.status.phase = 'Failed';
        each.status.reason = 'Evicted';
        each.status.message = 'The node was low on resource: memory.';
      }
    });
    expect(lastExitOf(pod)).toMatchObject({ reason: 'Evicted', message: 'The node was low on resource: memory.' });
    expect(observedInstance(pod, undefined).state).toBe('Failed');
  });
});

describe('what is seen of a pod', () => {
  it('is ready when the kubelet says so', () => {
    expect(observedInstance(aPod(), undefined)).toMatchObject({
      uid: 'pod-1',
      ownerUid: 'p-1',
      address: 'http://10.0.0.7:8080',
      state: 'Running',
      toolsReady: true,
      desktop: 'ready',
      warm: true,
      createdAt: Date.parse(CREATED),
    });
  });

  it('has tools before it has a desktop, and none while it restarts', () => {
    const noDesktop = aPod(({ status }) => void status?.conditions?.pop());
    expect(observedInstance(noDesktop, undefined)).toMatchObject({ toolsReady: true, desktop: 'starting' });
    const restarting = aPod((each) => {
      Object.assign(container(each), {
        restartCount: 2,
        started: false,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
      });
    });
    expect(observedInstance(restarting, undefined)).toMatchObject({ state: 'Running', toolsReady: false, restarts: 2 });
  });

  it('writes IPv6 addresses as URLs do', () => {
    const pod = aPod(({ status }) => {
      if (status) status.podIP = 'fd00::7';
    });
    expect(observedInstance(pod, undefined).address).toBe('http://[fd00::7]:8080');
  });

  it('tells of a node that is not heard of', () => {
    const silent = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'node-1' },
      status: { conditions: [{ type: 'Ready', status: 'Unknown' }] },
    };
    expect(observedInstance(aPod(), silent).nodeLost).toBe(true);
  });
});
