import { createSigner, generateKeyPair } from '@sandpiper/capability';
import { createInstanceClient } from '@sandpiper/instance';
import { core, createKubeClient, type KubeClient, type Pod } from '@sandpiper/kube';
import { eventually } from '@sandpiper/testing';
import { installCrds } from '@sandpiper/testing/control-plane';
import { type FakeKubelet, startFakeKubelet } from '@sandpiper/testing/fake-kubelet';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, openCluster } from './testing/cluster.ts';
import { startTestOperator, type TestOperator } from './testing/test-operator.ts';

const NODE = 'lifecycle-test';

describeWithControlPlane('the life of a sandbox on a cluster, with a real tool-api behind each pod', (control) => {
  let client: KubeClient;
  let kubelet: FakeKubelet;
  let cluster: Cluster;
  let operator: TestOperator;
  const gatewayKeys = generateKeyPair();
  const signer = createSigner({ ...gatewayKeys, issuer: 'gateway' });

  beforeAll(async () => {
    await installCrds(control());
    client = createKubeClient(control().kubeConfig);
    kubelet = await startFakeKubelet({
      client,
      nodes: [NODE],
      dedicated: true,
      runtime: 'tool-api',
      print: console.log,
    });
    cluster = await openCluster(control(), 'life', NODE);
    operator = await startTestOperator({
      kubeConfig: control().kubeConfig,
      namespace: cluster.namespace,
      publicKeys: { [`gateway.${gatewayKeys.kid}.pem`]: gatewayKeys.publicKeyPem },
    });
    await cluster.template('slim');
    await cluster.template('disk', { workspace: { size: '1Gi' } });
    await cluster.template('kept', { workspace: { size: '1Gi', retain: true } });
    for (const name of ['slim', 'disk', 'kept']) await cluster.untilTemplate(name, 'True');
  });
  afterAll(async () => {
    await operator.close();
    await cluster.close();
    await kubelet.close();
    await client.close();
  });

  const podOf = async (name: string): Promise<Pod> => {
    const { status } = await cluster.until(name, 'Ready', 'True');
    const pod = (await cluster.pods()).find(({ metadata }) => metadata.uid === status?.endpoint?.uid);
    return pod ?? expect.unreachable(`the published pod of ${name} is there`);
  };
  const keyOf = ({ metadata }: Pod) => ({ namespace: cluster.namespace, name: metadata.name });
  /** Runs a command in the computer of a sandbox, as the gateway does. */
  const run = async (name: string, command: string): Promise<string> => {
    const { status } = await cluster.until(name, 'Ready', 'True');
    const { address, uid } = status?.endpoint ?? expect.unreachable('a ready sandbox has an endpoint');
    const instance = createInstanceClient({ address, uid, signer });
    try {
      const { stdout } = (await instance.callTool('shell_run', { command })) as { stdout: { text: string } };
      return stdout.text;
    } finally {
      await instance.close();
    }
  };

  it('starts cold, answers as itself, and tells how it went', async () => {
    await cluster.sandbox('cold', { templateRef: { name: 'slim' }, poolPolicy: 'Never' });
    const { status } = await cluster.until('cold', 'Ready', 'True');
    expect(status).toMatchObject({
      launch: { type: 'Cold' },
      endpoint: { address: expect.stringMatching(/^http:\/\/127\./) as string, pod: 'cold', node: NODE },
    });
    expect(await run('cold', 'echo here')).toBe('here\n');
    const events = await control().kubectl(['get', 'events.events.k8s.io', '-n', cluster.namespace]);
    await eventually('an event', 5_000, async () =>
      (await control().kubectl(['describe', 'sandbox', 'cold', '-n', cluster.namespace])).includes('Ready after'),
    ).catch(() => expect.unreachable(events));
  });

  it('starts warm by taking a pod and its workspace over, in three writes of ours', async () => {
    await cluster.pool('ready', { templateRef: { name: 'disk' }, replicas: 1 });
    await cluster.untilPool('ready', ({ status }) => status?.readyReplicas === 1);
    const [warm] = (await cluster.pods()).filter(({ metadata }) => metadata.labels?.['sandpiper.dev/pool'] === 'ready');
    const before = operator.writes.length;
    await cluster.sandbox('warm', { templateRef: { name: 'disk' } });
    const { status, metadata } = await cluster.until('warm', 'Ready', 'True');
    expect(status?.endpoint?.uid).toBe(warm?.metadata.uid);
    expect(status?.launch?.type).toBe('Warm');
    const claim = await client.get(core.persistentVolumeClaims, {
      namespace: cluster.namespace,
      name: status?.workspace?.claimName ?? '',
    });
    expect(claim?.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([metadata.uid]);
    expect(operator.writes.slice(before).filter((write) => !/create|sandboxpools/.test(write))).toEqual([
      'patch pods',
      'patch persistentvolumeclaims',
      'update sandboxes/status',
    ]);
    await cluster.untilPool('ready', ({ status: pool }) => pool?.readyReplicas === 1);
  });

  it('sleeps when idle and wakes on the same workspace', async () => {
    await cluster.sandbox('sleepy', { templateRef: { name: 'disk' }, lifetime: { idleTimeout: '1s' } });
    await run('sleepy', 'echo kept > note').catch(() => run('sleepy', 'echo kept > note'));
    const asleep = await cluster.until('sleepy', 'Suspended', 'True', 'Idle');
    await eventually('its pod to go', 10_000, async () =>
      (await cluster.pods()).every(({ metadata }) => metadata.uid !== asleep.status?.endpoint?.uid),
    );
    await cluster.patch('sleepy', {
      wakeRequestedAt: new Date(Date.now() + 2_000).toISOString(),
      lifetime: { idleTimeout: '1h' },
    });
    expect(await run('sleepy', 'cat note')).toBe('kept\n');
  });

  it('is not put to sleep while something runs in it', async () => {
    await cluster.sandbox('busy', { templateRef: { name: 'slim' }, lifetime: { idleTimeout: '1s' } });
    expect(await run('busy', 'sleep 3; echo done')).toBe('done\n');
    await cluster.until('busy', 'Suspended', 'True', 'Idle');
  });

  it('is suspended and woken by the person’s word', async () => {
    await cluster.sandbox('word', { templateRef: { name: 'slim' } });
    await cluster.until('word', 'Ready', 'True');
    await cluster.patch('word', { operatingMode: 'Suspended' });
    await cluster.until('word', 'Suspended', 'True', 'Requested');
    await cluster.patch('word', { operatingMode: 'Running' });
    await cluster.until('word', 'Ready', 'True');
  });

  it('survives a crash in place, and counts it with its cause', async () => {
    await cluster.sandbox('crashing', { templateRef: { name: 'slim' }, poolPolicy: 'Never' });
    const pod = await podOf('crashing');
    kubelet.crash(keyOf(pod), { exitCode: 137, reason: 'OOMKilled' });
    const after = await eventually('the restart to count', 15_000, async () => {
      const sandbox = await cluster.get('crashing');
      return sandbox?.status?.restarts === 1 ? sandbox : undefined;
    });
    expect(after.status).toMatchObject({ lastFailure: { reason: 'OOMKilled', exitCode: 137 } });
    expect((await podOf('crashing')).metadata.uid).toBe(pod.metadata.uid);
  });

  it('is made anew on the same workspace when its pod is thrown out', async () => {
    await cluster.sandbox('evicted', { templateRef: { name: 'disk' }, poolPolicy: 'Never' });
    await run('evicted', 'echo kept > note');
    const pod = await podOf('evicted');
    kubelet.evict(keyOf(pod));
    // What is thrown out soon after its start is not started again at once: its node may be short of more than it.
    await eventually('another pod', 60_000, async () => {
      const { status } = (await cluster.get('evicted')) ?? {};
      return status?.endpoint !== undefined && status.endpoint.uid !== pod.metadata.uid;
    });
    expect(await run('evicted', 'cat note')).toBe('kept\n');
    expect((await cluster.get('evicted'))?.status?.lastFailure).toMatchObject({ reason: 'Evicted' });
  }, 90_000);

  it('ends when its time is over, and keeps its workspace where that is asked', async () => {
    await cluster.sandbox('brief', {
      templateRef: { name: 'kept' },
      lifetime: { maxLifetime: '2s', shutdownPolicy: 'Delete' },
    });
    await eventually('the end of it', 20_000, async () => (await cluster.get('brief')) === undefined);
    await eventually('its pod to go', 60_000, async () =>
      (await cluster.pods()).every(({ metadata }) => metadata.name !== 'brief'),
    );
    const claim = await client.get(core.persistentVolumeClaims, { namespace: cluster.namespace, name: 'brief' });
    expect([claim?.metadata.ownerReferences, claim?.metadata.deletionTimestamp]).toEqual([undefined, undefined]);
  }, 90_000);

  it('tells of an image that cannot be had', async () => {
    await cluster.template('no-image', {
      podTemplate: {
        metadata: { annotations: { 'fake-kubelet/behaviour': 'image-pull-failure' } },
        spec: {
          containers: [{ name: 'sandbox', image: 'example.com/nowhere:1' }],
          nodeSelector: { 'kubernetes.io/hostname': NODE },
          tolerations: [{ key: 'fake-kubelet', operator: 'Exists' }],
        },
      },
    });
    await cluster.sandbox('no-image', { templateRef: { name: 'no-image' } });
    const { status } = await cluster.until('no-image', 'Ready', 'False', 'ImagePull');
    expect(status?.lastFailure?.message).toContain('example.com/nowhere:1');
  });

  it('rests when nothing is left to do, and nothing was complained of', async () => {
    await eventually('a second without a write', 20_000, () => operator.quietForMs >= 1_000);
    expect(operator.complaints.filter((line) => line.includes('"level":50'))).toEqual([]);
  });
});
