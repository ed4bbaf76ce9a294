import { readFile } from 'node:fs/promises';
import { annotations, GROUP, VERSION } from '@sandpiper/api';
import { core, createKubeClient, defineResource, isForbidden, type KubeClient, rbac } from '@sandpiper/kube';
import { createKubernetesSandboxes } from '@sandpiper/sandboxes/kubernetes';
import { openClusterBench, type ClusterBench } from '@sandpiper/sandboxes/testing';
import { installCrds } from '@sandpiper/testing/control-plane';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const FILE = new URL('../../rbac/role.yaml', import.meta.url);
const USER = 'somebody-with-the-role-of-the-gateway';
const DESKTOP = { need: 'desktop', timeoutMs: 10_000 } as const;
const ONE = { sessionId: 'one', owner: 'ada' };

const ofGroup = (kind: string, plural: string) =>
  defineResource({ group: GROUP, version: VERSION, kind, plural, namespaced: true });
const sandboxes = ofGroup('Sandbox', 'sandboxes');

describeWithControlPlane('the role of the gateway', (controlPlane) => {
  let bench: ClusterBench;
  /** With a certificate of its own, bound to the role and to nothing else. */
  let client: KubeClient;
  const used = new Set<string>();
  const refused = new Set<string>();

  beforeAll(async () => {
    await installCrds(controlPlane());
    bench = await openClusterBench(controlPlane());
    const { namespace } = bench;
    const { kubectl } = controlPlane();
    await kubectl(['-n', namespace, 'apply', '-f', '-'], { input: await readFile(FILE, 'utf8') });
    await kubectl(['-n', namespace, 'create', 'rolebinding', 'gateway', '--role=sandpiper-gateway', `--user=${USER}`]);
    const { kubeConfig } = await controlPlane().userKubeConfig({ user: USER });
    client = createKubeClient(kubeConfig, {
      onRequest: ({ verb, resource, subresource, status }) => {
        const call = `${verb} ${[resource, subresource].filter(Boolean).join('/')}`;
        if (status >= 200 && status < 300) used.add(call);
        if (status === 403) refused.add(call);
      },
    });
  });
  afterAll(async () => {
    await client.close();
    await bench.close();
  });

  it('lets it do all that it does, and has no verb that it does not need', async () => {
    const later = Date.now() + 2 * 60 * 60_000;
    const options = { client, namespace: bench.namespace, installation: 'test', log: pino({ level: 'silent' }) };
    const gateway = createKubernetesSandboxes({ ...options, clock: () => later, patienceMs: 5_000 });
    await gateway.start();
    await gateway.ensure(ONE);
    await gateway.connect('one', DESKTOP);
    await gateway.suspend('one');
    await gateway.wake('one');
    await gateway.connect('one', DESKTOP);
    await gateway.sweepSessions(new Set());
    const stored = await client.get(sandboxes, { namespace: bench.namespace, name: 'sbx-one' });
    expect(stored?.metadata.annotations).toHaveProperty([annotations.orphanedAt]);
    await gateway.delete('one');
    // Asks the server: the watch knows of none.
    await gateway.delete('never');
    await gateway.close();

    const { rules } = parse(await readFile(FILE, 'utf8')) as { rules: { resources: string[]; verbs: string[] }[] };
    const allowed = rules.flatMap(({ resources, verbs }) =>
      resources.flatMap((name) => verbs.map((verb) => `${verb} ${name}`)),
    );
    expect([...used].sort()).toEqual(allowed.sort());
    expect([...refused]).toEqual([]);
  });

  describe('refuses', () => {
    const here = () => ({ namespace: bench.namespace });
    const named = (name = 'sbx-one') => ({ ...here(), name });
    const podPath = () => `/api/v1/namespaces/${bench.namespace}/pods/any`;
    const ask = async (path: string, method = 'GET') => {
      const { status } = await client.request(path, { method });
      if (status === 403) throw Object.assign(new Error('403'), { isRefusal: true });
      return status;
    };

    it.each<[string, () => Promise<unknown>]>([
      ['pods', () => client.list(core.pods, here())],
      ['a pod', () => client.get(core.pods, named('any'))],
      ['to end a pod', () => client.delete(core.pods, named('any'))],
      ['exec', () => ask(`${podPath()}/exec?command=id`, 'POST')],
      ['attach', () => ask(`${podPath()}/attach`, 'POST')],
      ['port-forward', () => ask(`${podPath()}/portforward`, 'POST')],
      ['the proxy of a pod', () => ask(`${podPath()}/proxy/healthz`)],
      ['logs', () => ask(`${podPath()}/log`)],
      ['secrets', () => client.list(core.secrets, here())],
      ['a secret', () => client.get(core.secrets, named('any'))],
      ['config maps', () => client.list(core.configMaps, here())],
      ['workspaces', () => client.list(core.persistentVolumeClaims, here())],
      ['templates', () => client.list(ofGroup('SandboxTemplate', 'sandboxtemplates'), here())],
      ['pools', () => client.list(ofGroup('SandboxPool', 'sandboxpools'), here())],
      [
        'to say where a sandbox answers',
        () => client.patch(sandboxes, named(), { type: 'merge', body: { status: {} } }, { subresource: 'status' }),
      ],
      ['sandboxes of another namespace', () => client.list(sandboxes, { namespace: 'default' })],
      ['sandboxes of all namespaces', () => client.list(sandboxes)],
      [
        'to delete all at once',
        () => ask(`/apis/${GROUP}/${VERSION}/namespaces/${bench.namespace}/sandboxes`, 'DELETE'),
      ],
      ['roles', () => client.list(rbac.roles, here())],
    ])('%s', async (_what, call) => {
      const isRefusal = (error: unknown): boolean =>
        isForbidden(error) || (error instanceof Error && 'isRefusal' in error && error.isRefusal === true);
      const outcome = await call().then(
        () => 'allowed',
        (error: unknown) => (isRefusal(error) ? 'refused' : error),
      );
      expect(outcome).toBe('refused');
    });
  });
});
