import { core, networking } from '@sandpiper/kube';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { eventually } from '@sandpiper/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, openCluster } from './testing/cluster.ts';
import { installCrds } from '@sandpiper/testing/control-plane';
import { startTestOperator, type TestOperator } from './testing/test-operator.ts';

describeWithControlPlane('what cannot be', (control) => {
  let cluster: Cluster;
  let operator: TestOperator;
  beforeAll(async () => {
    await installCrds(control());
    cluster = await openCluster(control(), 'bad-input');
    operator = await startTestOperator({ kubeConfig: control().kubeConfig, namespace: cluster.namespace });
    await cluster.template('default');
    await cluster.untilTemplate('default', 'True');
  });
  afterAll(async () => {
    await operator.close();
    await cluster.close();
  });

  const messageOf = async (name: string, reason: string): Promise<string> => {
    const { status } = await cluster.until(name, 'Ready', 'False', reason);
    return status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';
  };

  it('a sandbox that names no template says which, and starts when it is there', async () => {
    await cluster.sandbox('early', { templateRef: { name: 'late' } });
    expect(await messageOf('early', 'TemplateNotFound')).toContain('late');
    const before = operator.writes.length;
    await cluster.template('late');
    await eventually('its pod', 10_000, async () =>
      (await cluster.pods()).find(({ metadata }) => metadata.name === 'early'),
    );
    // From the first packet on: the policy is there before the pod.
    const writes = operator.writes.slice(before);
    expect(writes.indexOf('apply networkpolicies')).toBeGreaterThanOrEqual(0);
    expect(writes.indexOf('apply networkpolicies')).toBeLessThan(writes.indexOf('create pods'));
  });

  it('a template that the API server refuses says so in its words, and nothing starts from it', async () => {
    const spec = { containers: [{ name: 'sandbox', image: 'x', ports: [{ containerPort: 99_999 }] }] };
    await cluster.template('broken', { podTemplate: { spec } });
    const { reason, message } = await cluster.untilTemplate('broken', 'False');
    expect([reason, message]).toEqual(['PodRefused', expect.stringContaining('containerPort')]);
    await cluster.sandbox('of-broken', { templateRef: { name: 'broken' } });
    expect(await messageOf('of-broken', 'TemplateInvalid')).toContain('containerPort');
    expect((await cluster.pods()).map(({ metadata }) => metadata.name)).not.toContain('of-broken');
  });

  it('a pod of somebody else under the name is neither adopted nor deleted', async () => {
    const { namespace, client } = cluster;
    const pod = { containers: [{ name: 'main', image: 'x' }] };
    await client.create(core.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'taken', namespace },
      spec: pod,
    });
    await cluster.sandbox('taken');
    expect(await messageOf('taken', 'NameConflict')).toMatch(/has the name of this sandbox; delete it/);
    const found = await client.get(core.pods, { namespace, name: 'taken' });
    expect([found?.metadata.ownerReferences, found?.metadata.deletionTimestamp]).toEqual([undefined, undefined]);
    await client.delete(core.pods, { namespace, name: 'taken' }, { gracePeriodSeconds: 0 });
    await eventually('a pod of its own', 20_000, async () =>
      (await client.get(core.pods, { namespace, name: 'taken' }))?.metadata.ownerReferences?.some(
        ({ kind }) => kind === 'Sandbox',
      ),
    );
  });

  it('a claim of somebody else under the name is left alone as well', async () => {
    const { namespace, client } = cluster;
    await cluster.template('disk', { workspace: { size: '1Gi' } });
    await client.create(core.persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'kept', namespace },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    await cluster.sandbox('kept', { templateRef: { name: 'disk' } });
    expect(await messageOf('kept', 'NameConflict')).toMatch(/kept/);
    const found = await client.get(core.persistentVolumeClaims, { namespace, name: 'kept' });
    expect([found?.metadata.ownerReferences, found?.metadata.deletionTimestamp]).toEqual([undefined, undefined]);
  });

  it('a quota that is used up is waited for, and said; so is it of a pool', async () => {
    const { namespace, client } = cluster;
    const pods = String((await cluster.pods()).length);
    await client.create(core.resourceQuotas, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'few', namespace },
      spec: { hard: { pods } },
    });
    await eventually('the quota to count', 10_000, async () => {
      const quota = await client.get(core.resourceQuotas, { namespace, name: 'few' });
      return quota?.status?.used?.['pods'] === pods;
    });
    await cluster.sandbox('one-too-many');
    expect(await messageOf('one-too-many', 'QuotaExceeded')).toContain('exceeded quota: few');
    await cluster.pool('greedy', { templateRef: { name: 'default' }, replicas: 3 });
    const pool = await cluster.untilPool('greedy', ({ status }) =>
      (status?.conditions ?? []).some(({ reason }) => reason === 'QuotaExceeded'),
    );
    expect(pool.status).toMatchObject({ replicas: 0, readyReplicas: 0 });
    await client.delete(core.resourceQuotas, { namespace, name: 'few' });
    await eventually('its pod', 20_000, async () =>
      (await cluster.pods()).find(({ metadata }) => metadata.name === 'one-too-many'),
    );
    await cluster.untilPool('greedy', ({ status }) => status?.replicas === 3);
  });

  it('a resource that is deleted in mid-launch takes all that was made along', async () => {
    await cluster.sandbox('brief', { templateRef: { name: 'disk' } });
    await eventually('its pod', 10_000, async () =>
      (await cluster.pods()).find(({ metadata }) => metadata.name === 'brief'),
    );
    await cluster.remove('brief');
    const { namespace, client } = cluster;
    // The garbage collector looks for new kinds of owners only every half minute.
    await eventually('nothing of it', 60_000, async () => {
      const claim = await client.get(core.persistentVolumeClaims, { namespace, name: 'brief' });
      const pod = await client.get(core.pods, { namespace, name: 'brief' });
      return claim === undefined && pod === undefined;
    });
  }, 80_000);

  it('pods have what makes them ours, and no more', async () => {
    const pod = await eventually('a pod', 10_000, async () =>
      (await cluster.pods()).find(({ metadata }) => metadata.name === 'early'),
    );
    expect(pod.spec).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(pod.spec?.containers[0]).toMatchObject({
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    });
    const mounts = pod.spec?.containers[0]?.volumeMounts ?? [];
    expect(mounts.find(({ mountPath }) => mountPath === '/etc/sandpiper/keys')?.readOnly).toBe(true);
    expect(pod.spec?.volumes?.some(({ secret, hostPath }) => secret ?? hostPath)).toBe(false);
  });

  it('each template has its network policy, which is put right when it is changed', async () => {
    const { namespace, client } = cluster;
    const key = { namespace, name: 'sandbox-default' };
    const made = await eventually('the policy', 10_000, () => client.get(networking.networkPolicies, key));
    await client.patch(networking.networkPolicies, key, { type: 'merge', body: { spec: { egress: [{}] } } });
    await eventually('it as it was', 10_000, async () => {
      const now = await client.get(networking.networkPolicies, key);
      return JSON.stringify(now?.spec) === JSON.stringify(made.spec);
    });
  });

  it('the keys that sandboxes trust are there, and none that is secret', async () => {
    const { namespace, client } = cluster;
    const keys = await client.get(core.configMaps, { namespace, name: 'sandpiper-keys' });
    expect(Object.keys(keys?.data ?? {})).toEqual([expect.stringMatching(/^operator\.\w+\.pem$/)]);
    expect(JSON.stringify(keys)).not.toContain('PRIVATE');
  });

  it('it rests when nothing is left to do', async () => {
    await eventually('a second without a write', 20_000, () => operator.quietForMs >= 1_000);
  });
});
