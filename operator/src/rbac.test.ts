import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createKubeClient, type KubeClient } from '@sandpiper/kube';
import { eventually } from '@sandpiper/testing';
import { installCrds } from '@sandpiper/testing/control-plane';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type Cluster, openCluster } from './testing/cluster.ts';
import { startTestOperator, type TestOperator } from './testing/test-operator.ts';

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}
interface RoleDocument {
  kind: string;
  metadata: { name: string };
  rules: Rule[];
}

const FILE = path.resolve(import.meta.dirname, '../rbac/cluster-role.yaml');
const USER = 'system:serviceaccount:sandpiper-system:operator';

describeWithControlPlane('what the operator may do', (control) => {
  let cluster: Cluster;
  let operator: TestOperator;
  let asOperator: KubeClient;
  let roles: RoleDocument[];
  beforeAll(async () => {
    await installCrds(control());
    const text = await readFile(FILE, 'utf8');
    roles = parseAllDocuments(text).map((document) => document.toJS() as RoleDocument);
    cluster = await openCluster(control(), 'rbac');
    await control().kubectl(['apply', '-n', cluster.namespace, '-f', FILE]);
    const binding = `operator-test-${cluster.namespace}`;
    await control().kubectl([
      'create',
      'clusterrolebinding',
      binding,
      '--clusterrole=sandpiper-operator',
      `--user=${USER}`,
    ]);
    await control().kubectl([
      ...['create', 'rolebinding', 'operator-lease', '-n', cluster.namespace],
      ...['--role=sandpiper-operator-lease', `--user=${USER}`],
    ]);
    const { kubeConfig } = await control().userKubeConfig({ user: USER });
    asOperator = createKubeClient(kubeConfig);
    operator = await startTestOperator({ kubeConfig, namespace: cluster.namespace, options: { leaderElection: true } });
  });
  afterAll(async () => {
    await operator.close();
    await asOperator.close();
    await control().kubectl(['delete', 'clusterrolebinding', `operator-test-${cluster.namespace}`]);
    await cluster.close();
  });

  it('is all that it does: a sandbox with a workspace, a pool, a template, their end', async () => {
    await cluster.template('disk', { workspace: { size: '1Gi' } });
    await cluster.pool('warm', { templateRef: { name: 'disk' }, replicas: 1 });
    await cluster.sandbox('one', { templateRef: { name: 'disk' }, poolPolicy: 'Never' });
    await cluster.untilTemplate('disk', 'True');
    await cluster.untilPool('warm', ({ status }) => status?.replicas === 1);
    await cluster.until('one', 'PodScheduled', 'False', 'Unschedulable');
    await cluster.patch('one', { operatingMode: 'Suspended' });
    await cluster.until('one', 'Suspended', 'True');
    // The status comes first, then its pod goes.
    await eventually('its pod to go', 10_000, async () =>
      (await cluster.pods()).every(({ metadata }) => metadata.name !== 'one'),
    );
    expect(operator.requests.filter(({ status }) => status === 403)).toEqual([]);
    expect(operator.complaints.filter((line) => line.includes('orbidden'))).toEqual([]);
  });

  it('names nothing that it would not do, and no wildcard', () => {
    for (const { rules } of roles) {
      for (const rule of rules) {
        expect([...rule.apiGroups, ...rule.resources, ...rule.verbs]).not.toContain('*');
        expect(rule.resources).not.toEqual(
          expect.arrayContaining([expect.stringMatching(/secrets|exec|attach|portforward|log$/)]),
        );
      }
    }
    const used = new Set(
      operator.requests.map(({ verb, resource, subresource }) => useOf(verb, resource, subresource)),
    );
    const granted = roles
      .filter(({ metadata }) => metadata.name === 'sandpiper-operator')
      .flatMap(({ rules }) =>
        rules.flatMap(({ resources, verbs }) => resources.flatMap((each) => verbs.map((verb) => `${verb} ${each}`))),
      );
    // What only mishaps bring about: reading again after a conflict, putting a lost policy or claim right, the end of a lifetime.
    const onlyInMishaps = [
      'delete sandboxes',

      'get pods',
      'get persistentvolumeclaims',
      'patch pods',
      'patch persistentvolumeclaims',
      'delete persistentvolumeclaims',
      'patch configmaps',

      'create networkpolicies',
      'patch events',
      'create events',
    ];
    expect(granted.filter((each) => !used.has(each) && !onlyInMishaps.includes(each))).toEqual([]);
  });

  it.each([
    ['GET', '/api/v1/namespaces/NS/secrets'],
    ['GET', '/api/v1/namespaces/NS/pods/one/log'],
    ['POST', '/api/v1/namespaces/NS/pods/one/exec?command=id'],
    ['POST', '/api/v1/namespaces/NS/pods/one/proxy/v1/suspend'],
    ['PUT', '/apis/sandpiper.dev/v1alpha1/namespaces/NS/sandboxes/one'],
    ['PATCH', '/apis/sandpiper.dev/v1alpha1/namespaces/NS/sandboxes/one'],
    ['POST', '/apis/sandpiper.dev/v1alpha1/namespaces/NS/sandboxtemplates'],
    ['DELETE', '/apis/sandpiper.dev/v1alpha1/namespaces/NS/sandboxtemplates/disk'],
    ['GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles'],
    ['POST', '/api/v1/namespaces/NS/serviceaccounts/default/token'],
    ['DELETE', '/api/v1/nodes/any'],
  ])('refuses %s %s', async (method, url) => {
    const response = await asOperator.request(url.replace('NS', cluster.namespace), {
      method,
      headers: { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
      ...(method === 'GET' ? {} : { body: '{}' }),
    });
    const text = await response.text();
    expect([response.status, text]).toEqual([403, expect.stringContaining('forbidden')]);
  });
});

/** A request in the words of RBAC, where server-side apply is a patch. */
function useOf(verb: string, resource = '', subresource?: string): string {
  const asVerb = verb === 'apply' ? 'patch' : verb;
  return `${asVerb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
}
