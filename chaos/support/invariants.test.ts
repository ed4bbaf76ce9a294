import { labels, type Sandbox } from '@sandpiper/api';
import type { PersistentVolumeClaim, Pod } from '@sandpiper/kube';
import { describe, expect, it } from 'vitest';
import { aPod, aPool, aTemplate } from '../../operator/src/testing/objects.ts';
import { type Expected, type Seen, violations } from './invariants.ts';

const owner = (kind: string, uid: string) => ({ apiVersion: 'v1', kind, name: 'x', uid, controller: true });

/** A namespace in order: `one` runs on its workspace, and a pool has a warm pod with another. */
function inOrder(): Seen {
  return {
    templates: [aTemplate({ workspace: { size: '1Gi' } })],
    pools: [{ ...aPool({ replicas: 1 }), status: { readyReplicas: 1 } }],
    sandboxes: [
      {
        metadata: { name: 'one', namespace: 'sandboxes', uid: 's-1' },
        spec: { templateRef: { name: 'default' } },
        status: {
          conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', message: '' }],
          endpoint: { address: 'http://10.0.0.7:8080', uid: 'pod-1' },
          workspace: { claimName: 'one', retain: false },
        },
      } as Sandbox,
    ],
    pods: [podOn('one', 'pod-1', owner('Sandbox', 's-1')), podOn('warm-1', 'pod-2', owner('SandboxPool', 'p-1'))],
    claims: [claim('one', 'c-1', owner('Sandbox', 's-1')), claim('warm-1', 'c-2', owner('Pod', 'pod-2'))],
    closed: new Set(),
  };
}

const wishes: Expected = { sandboxes: new Map([['one', 'running']]), workspaces: new Map([['one', 'c-1']]) };
const only = (pod: Pod | undefined): Pod => pod ?? aPod();

describe('the invariants', () => {
  it('find nothing where everything is in order', () => expect(violations(inOrder(), wishes)).toEqual([]));

  const wrongs: [string, (seen: Seen) => Partial<Seen>, RegExp][] = [
    [
      'a second instance',
      ({ pods }) => ({ pods: [...pods, podOn('two', 'pod-3', owner('Sandbox', 's-1'))] }),
      /has 2 instances/,
    ],
    ['no instance', ({ pods }) => ({ pods: pods.slice(1) }), /has 0 instances/],
    [
      'a published instance that is ending',
      ({ pods }) => ({ pods: [ending(only(pods[0])), ...pods.slice(1)] }),
      /which it has not/,
    ],
    ['an instance that takes no work', () => ({ closed: new Set(['pod-1']) }), /takes no work/],
    [
      'a second workspace',
      ({ claims }) => ({ claims: [...claims, claim('old', 'c-7', owner('Sandbox', 's-1'))] }),
      /owns the workspace old/,
    ],
    ['a lost sandbox', () => ({ sandboxes: [] }), /is lost/],
    ['a lost workspace', ({ claims }) => ({ claims: claims.slice(1) }), /has lost its workspace/],
    [
      'another workspace under the name',
      ({ claims }) => ({ claims: [claim('one', 'c-9', owner('Sandbox', 's-1')), ...claims.slice(1)] }),
      /another workspace than before/,
    ],
    [
      'a workspace that its pod still owns',
      ({ claims }) => ({ claims: [claim('one', 'c-1', owner('Pod', 'pod-1')), ...claims.slice(1)] }),
      /is owned by pod-1/,
    ],
    [
      'a pod of nobody',
      ({ pods }) => ({ pods: [...pods, podOn('x', 'pod-4', owner('Sandbox', 'gone'))] }),
      /pod x belongs to nobody/,
    ],
    [
      'a claim of nobody',
      ({ claims }) => ({ claims: [...claims, claim('y', 'c-4', undefined)] }),
      /workspace y belongs to nobody/,
    ],
    [
      'two pods on one workspace',
      ({ pods }) => ({ pods: [...pods, podOn('one', 'pod-5', owner('Sandbox', 's-1'))] }),
      /mounted by the pods pod-1 and pod-5/,
    ],
    ['a pool that lacks one', ({ pods }) => ({ pods: pods.slice(0, 1) }), /wants 1 instances and has 0/],
    ['a warm pod without workspace', ({ claims }) => ({ claims: claims.slice(0, 1) }), /has no workspace of its own/],
  ];
  it.each(wrongs)('find %s', (_name, change, expected) => {
    const seen = inOrder();
    expect(violations({ ...seen, ...change(seen) }, wishes).join(' ')).toMatch(expected);
  });

  it('find what outlives a deleted sandbox, and what is missing of it', () => {
    const gone: Expected = { sandboxes: new Map([['one', 'gone']]), workspaces: new Map([['one', 'c-8']]) };
    const found = violations({ ...inOrder(), sandboxes: [] }, gone).join(' ');
    expect(found).toMatch(/pod one has outlived its sandbox/);
    expect(found).toMatch(/workspace one has outlived its sandbox/);
    expect(found).toMatch(/should have been retained/);
  });

  it('find an instance of a suspended sandbox', () => {
    const asleep: Expected = { sandboxes: new Map([['one', 'suspended']]), workspaces: new Map() };
    expect(violations(inOrder(), asleep).join(' ')).toMatch(/suspended and has 1 instances.*does not say/);
  });
});

function podOn(claimName: string, uid: string, by: ReturnType<typeof owner>): Pod {
  return aPod((pod) => {
    pod.metadata = { ...pod.metadata, name: claimName, uid, ownerReferences: [by] };
    pod.metadata.labels = { ...pod.metadata.labels, [labels.sandbox]: claimName };
    if (pod.spec) pod.spec.volumes = [{ name: 'sandpiper-workspace', persistentVolumeClaim: { claimName } }];
  });
}

function ending(pod: Pod): Pod {
  return { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:01:00Z' } };
}

function claim(name: string, uid: string, by: ReturnType<typeof owner> | undefined): PersistentVolumeClaim {
  const metadata = {
    name,
    namespace: 'sandboxes',
    uid,
    labels: { [labels.template]: 'default', [labels.sandbox]: name },
    ...(by && { ownerReferences: [by] }),
  };
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata };
}
