import { spawn } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { core, createKubeClient, defineResource, type KubeObject } from '@sandpiper/kube';
import { describe, expect, it, onTestFinished } from 'vitest';
import { descendantsOf, survivorsOf } from '../program/index.ts';
import { eventually } from '../eventually.ts';
import { findControlPlane, startControlPlane } from './index.ts';
import { describeWithControlPlane } from './vitest/index.ts';

interface AccessReview extends KubeObject {
  spec: object;
  status: { allowed: boolean };
}
const reviews = defineResource<AccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
});

describeWithControlPlane('the shared control plane', (controlPlane) => {
  it('serves its administrator, by client and by kubectl', async () => {
    const { client, kubectl } = controlPlane();
    const { items } = await client.listAll(core.namespaces);
    expect(items.map(({ metadata }) => metadata.name)).toContain('kube-system');
    expect(await kubectl(['get', 'namespaces', '-o', 'name'])).toContain('namespace/kube-system');
    await expect(kubectl(['get', 'nonsense'])).rejects.toThrow(/resource type "nonsense"/);
  });

  it('makes namespaces in which pods can be made at once', async () => {
    const { client, createNamespace } = controlPlane();
    const namespace = await createNamespace('pods');
    const pod = await client.create(core.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'one', namespace },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    });
    expect(pod.spec?.serviceAccountName).toBe('default');
  });

  it('tells users apart by certificate, and RBAC decides for them', async () => {
    const { userKubeConfig, createNamespace, kubectl } = controlPlane();
    const namespace = await createNamespace('rbac');
    await kubectl(['-n', namespace, 'create', 'rolebinding', 'readers', '--clusterrole=view', '--group=readers']);
    const may = async (groups: string[], verb: string): Promise<boolean> => {
      const { kubeConfig } = await userKubeConfig({ user: 'eve', groups });
      const eve = createKubeClient(kubeConfig);
      const { status } = await eve.create(reviews, {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        metadata: {},
        spec: { resourceAttributes: { namespace, verb, resource: 'pods' } },
      });
      await eve.close();
      return status.allowed;
    };
    expect(await may(['readers'], 'list')).toBe(true);
    expect(await may(['readers'], 'create')).toBe(false);
    expect(await may([], 'list')).toBe(false);
  });
});

const source = findControlPlane(process.env);
// Somebody else's API server is not stopped.
const ownOnly = it.skipIf(source.kind === 'existing');

describeWithControlPlane('a control plane of one’s own', () => {
  ownOnly(
    'keeps its objects over a restart of the API server, and over its own with a data folder',
    async () => {
      const dataDir = await mkdtemp(path.join(tmpdir(), 'sandpiper-test-'));
      onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
      const first = await startControlPlane({ source, components: [], dataDir });
      onTestFinished(() => first.close());
      await first.kubectl(['create', 'namespace', 'kept']);
      const before = first.pids;
      await first.stopApiServer();
      expect(Object.keys(first.pids)).toEqual(['etcd']);
      await expect(first.kubectl(['get', 'namespace', 'kept'])).rejects.toThrow(/refused/);
      await first.startApiServer();
      expect(first.pids['etcd']).toBe(before['etcd']);
      expect(first.pids['kube-apiserver']).not.toBe(before['kube-apiserver']);
      expect(await first.kubectl(['get', 'namespace', 'kept', '-o', 'name'])).toContain('kept');
      await first.close();
      expect(first.pids).toEqual({});

      const second = await startControlPlane({ source, components: [], dataDir });
      onTestFinished(() => second.close());
      expect(await second.kubectl(['get', 'namespace', 'kept', '-o', 'name'])).toContain('kept');
    },
    90_000,
  );

  ownOnly(
    'leaves neither processes nor files when its owner is killed',
    async () => {
      const index = path.resolve(import.meta.dirname, 'index.ts');
      const program = `
      import { startControlPlane } from ${JSON.stringify(index)};
      const controlPlane = await startControlPlane({ source: ${JSON.stringify(source)} });
      console.log(controlPlane.address.folder);
      setInterval(() => undefined, 1000);`;
      const owner = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      onTestFinished(() => void owner.kill('SIGKILL'));
      let folder = '';
      owner.stdout.on('data', (chunk: Buffer) => void (folder += chunk.toString()));
      await eventually('the control plane', 60_000, () => folder.endsWith('\n'));
      const started = await descendantsOf(owner.pid!);
      expect(started.map(({ command }) => path.basename(command.split(' ')[0]!))).toEqual(
        expect.arrayContaining(['etcd', 'kube-apiserver']),
      );
      owner.kill('SIGKILL');
      await eventually('the end of all processes', 5000, async () => (await survivorsOf(started)).length === 0);
      await eventually('the end of all files', 5000, () =>
        stat(folder.trim()).then(
          () => false,
          () => true,
        ),
      );
    },
    90_000,
  );

  ownOnly(
    'says what a program complained of when it does not start',
    async () => {
      await expect(startControlPlane({ source, extraApiServerFlags: ['--no-such-flag'] })).rejects.toThrow(
        /kube-apiserver ended before it served:[^]*no-such-flag/,
      );
    },
    90_000,
  );
});

describe('finding a control plane', () => {
  it('leaves a kubeconfig alone that merely lies in the shell', () => {
    const source = findControlPlane({ KUBECONFIG: '/home/me/.kube/production', XDG_CACHE_HOME: '/nowhere' });
    expect(source).toEqual({
      kind: 'none',
      reason: expect.stringContaining('npm run control-plane -- --build') as string,
    });
  });

  it('takes it when asked to, before anything else', () => {
    const env = { KUBECONFIG: '/a/kubeconfig', USE_EXISTING_CLUSTER: 'true', KUBEBUILDER_ASSETS: '/nowhere' };
    expect(findControlPlane(env)).toMatchObject({ kind: 'existing', kubeconfigPath: '/a/kubeconfig' });
  });

  it('names assets of envtest that are not complete', () => {
    expect(findControlPlane({ KUBEBUILDER_ASSETS: '/nowhere' })).toEqual({
      kind: 'none',
      reason: expect.stringContaining('/nowhere') as string,
    });
  });
});
