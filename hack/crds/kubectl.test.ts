import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  annotations,
  API_VERSION,
  conditionTypes,
  FINALIZER,
  labels,
  resources,
  sandbox,
  sandboxName,
  sandboxStatus,
  type SandboxStatus,
} from '@sandpiper/api';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { setUpApiServer } from './testing/api-server.ts';
import { samplesFolder, shippedCrds } from './testing/shipped.ts';
import { nodesOf } from './testing/walk.ts';

const crds = await shippedCrds();

/** What people and tools see of the resources, on a real API server with the real kubectl. */
describeWithControlPlane('kubectl', (control) => {
  const { server, namespace } = setUpApiServer(control, 'kubectl');
  const kubectl = (...args: string[]): Promise<string> => control().kubectl(['-n', namespace(), ...args]);
  const linesOf = async (...args: string[]): Promise<string[][]> =>
    (await kubectl(...args))
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/));

  /** A sandbox as the gateway makes it, of which the operator says everything that it may say. */
  const aFullSandbox = async (name: string) => {
    const wish = { templateRef: { name: 'default' }, display: { width: 1440, height: 900 }, wakeRequestedAt: at(1) };
    const created = await server().create(resources.sandbox, name, wish, { metadata: fullMetadata(name) });
    if (!created.accepted) expect.unreachable(created.message);
    const written = await server().replaceStatus(resources.sandbox, created.object, fullStatus(name));
    if (!written.accepted) expect.unreachable(written.message);
    return written.object;
  };

  describe('shows', () => {
    it('of a sandbox what matters, and with -o wide where it is', async () => {
      await aFullSandbox('shown');
      expect(await linesOf('get', 'sbx', 'shown')).toEqual([
        ['NAME', 'READY', 'REASON', 'MODE', 'TEMPLATE', 'LAUNCH', 'AGE'],
        ['shown', 'True', 'Ready', 'Running', 'default', 'Warm', expect.any(String)],
      ]);
      expect(await linesOf('get', 'sandboxes', 'shown', '-o', 'wide')).toEqual([
        ['NAME', 'READY', 'REASON', 'MODE', 'TEMPLATE', 'LAUNCH', 'NODE', 'IP', 'AGE'],
        ['shown', 'True', 'Ready', 'Running', 'default', 'Warm', 'node-1', 'http://10.244.0.17:8080', expect.any(String)],
      ]);
    });

    it('of templates and pools what matters', async () => {
      await kubectl('apply', '-f', samplesFolder);
      expect(await linesOf('get', 'sbxt', 'default')).toEqual([
        ['NAME', 'VALID', 'REASON', 'DESKTOP', 'WORKSPACE', 'EGRESS', 'AGE'],
        ['default', 'true', '10Gi', 'Internet', expect.any(String)],
      ]);
      expect(await linesOf('get', 'sbxp', 'slim')).toEqual([
        ['NAME', 'TEMPLATE', 'DESIRED', 'CURRENT', 'READY', 'AVAILABLE', 'AGE'],
        ['slim', 'slim', '2', expect.any(String)],
      ]);
    });

    it('all of it by category, and nothing of it under all', async () => {
      await kubectl('apply', '-f', samplesFolder);
      const names = (await kubectl('get', 'sandpiper', '-o', 'name')).split('\n');
      expect(names).toEqual(
        expect.arrayContaining([
          'sandbox.sandpiper.dev/example',
          'sandboxpool.sandpiper.dev/slim',
          'sandboxtemplate.sandpiper.dev/slim',
        ]),
      );
      expect(await kubectl('get', 'all', '-o', 'name')).not.toContain('sandpiper.dev');
    });

    it('the sandboxes of one template', async () => {
      await server().create(resources.sandbox, 'of-slim', { templateRef: { name: 'slim' } });
      await server().create(resources.sandbox, 'of-default', {});
      const names = await kubectl('get', 'sbx', '--field-selector', 'spec.templateRef.name=slim', '-o', 'name');
      expect(names).toContain('of-slim');
      expect(names).not.toContain('of-default');
    });
  });

  it.each(crds)('explains every field of $manifest.spec.names.plural', async ({ manifest }) => {
    const { plural } = manifest.spec.names;
    const explain = async (path: string): Promise<string> => {
      const text = await kubectl('explain', path);
      expect(text).toContain('FIELDS');
      return text;
    };
    // The API server publishes a new type a moment after it serves it.
    await vi.waitFor(() => explain(`${plural}.spec`), { timeout: 15_000, interval: 200 });

    const objects = nodesOf(manifest.spec.versions[0]!.schema.openAPIV3Schema)
      .filter(({ path, schema }) => path !== '' && !path.startsWith('metadata') && schema.properties)
      .map(({ path }) => `${plural}.${path.replaceAll('[]', '')}`);
    expect(objects).toContain(`${plural}.status.conditions`);
    for (const path of objects) expect(await explain(path)).not.toContain('<no description>');
  });

  it('scales a pool within its bound', async () => {
    await kubectl('apply', '-f', path.join(samplesFolder, 'pool-slim.yaml'));
    await kubectl('scale', 'sbxp/slim', '--replicas=4');
    expect(await kubectl('get', 'sbxp', 'slim', '-o', 'jsonpath={.spec.replicas}')).toBe('4');
    await expect(kubectl('scale', 'sbxp/slim', '--replicas=5')).rejects.toThrow('maxReplicas is below replicas');
  });

  it('keeps spec and status apart', async () => {
    const before = await aFullSandbox('apart');
    const answer = await server().replaceStatus(resources.sandbox, { ...before, spec: { poolPolicy: 'Never' } }, { restarts: 3 });
    expect(answer).toMatchObject({ object: { spec: { poolPolicy: 'Prefer' }, status: { restarts: 3 } } });
  });

  it('stores a sandbox in less than 4 kB, managed fields included', async () => {
    const { metadata } = await aFullSandbox(sandboxName('session-k3vabcdefghijklmnopq'));
    const url = `/apis/${API_VERSION}/namespaces/${namespace()}/sandboxes/${metadata.name}`;
    const text = await control().kubectl(['get', '--raw', url]);
    expect(sandboxStatus.parse((JSON.parse(text) as { status: unknown }).status)).toEqual(fullStatus(metadata.name));
    expect(Buffer.byteLength(text)).toBeLessThan(4096);
  });

  it('gives back what zod reads as a Sandbox', async () => {
    await aFullSandbox('read');
    expect(sandbox.parse(JSON.parse(await kubectl('get', 'sbx', 'read', '-o', 'json')))).toMatchObject({
      status: fullStatus('read'),
    });
  });

  describe('applies the samples', () => {
    it('all of them, in whatever order they are read, and again', async () => {
      const own = await control().createNamespace('samples');
      const apply = async (): Promise<string[]> =>
        (await control().kubectl(['-n', own, 'apply', '-f', samplesFolder])).trim().split('\n');
      const files = await readdir(samplesFolder);
      expect((await apply()).map((line) => line.split(' ').at(-1))).toEqual(files.map(() => 'created'));
      expect((await apply()).map((line) => line.split(' ').at(-1))).toEqual(files.map(() => 'unchanged'));
    });

    it('and their pods pass PodSecurity restricted', async () => {
      const own = await control().createNamespace('restricted');
      await control().kubectl(['label', 'namespace', own, 'pod-security.kubernetes.io/enforce=restricted']);
      const templates = (await readdir(samplesFolder)).filter((file) => file.startsWith('template-'));
      expect(templates).toEqual(['template-default.yaml', 'template-slim.yaml']);
      for (const file of templates) {
        const template = parse(await readFile(path.join(samplesFolder, file), 'utf8')) as {
          spec: { podTemplate: { spec: object } };
        };
        const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pod' }, ...template.spec.podTemplate };
        const create = ['-n', own, 'create', '--dry-run=server', '-f', '-'];
        expect(await control().kubectl(create, { input: JSON.stringify(pod) })).toContain('pod/pod created');
      }
    });
  });
});

function at(second: number): string {
  return `2026-01-01T00:00:0${second}.123Z`;
}

function fullMetadata(name: string) {
  return {
    labels: {
      [labels.session]: name.replace('sbx-', ''),
      [labels.installation]: 'production',
      [labels.component]: 'sandbox',
    },
    annotations: { [annotations.owner]: 'user-k3vabcdefghijklmnopq' },
    finalizers: [FINALIZER],
  };
}

function fullStatus(name: string): SandboxStatus {
  const uid = '0c5f1f1e-4f0b-4c0e-9a57-2f1d3f8a9b10';
  return {
    observedGeneration: 12,
    conditions: conditionTypes.map((type) => ({
      type,
      status: 'True',
      observedGeneration: 12,
      reason: type === 'Ready' ? 'Ready' : 'NoUserNamespaces',
      message: type.endsWith('Ready') ? 'Tools answer; the desktop is starting.' : '',
      lastTransitionTime: at(3),
    })),
    endpoint: { address: 'http://10.244.0.17:8080', uid, pod: `${name}-x7x7x`, node: 'node-1' },
    workspace: { claimName: name, retain: false },
    suspendedAt: at(0),
    launch: { type: 'Warm', requestedAt: at(1), startedAt: at(2), readyAt: at(3), restarts: 2 },
    restarts: 4,
    lastFailure: {
      reason: 'OOMKilled',
      message: 'It used more memory than its limit of 4Gi.',
      exitCode: 137,
      at: at(0),
      uid,
      consecutive: 1,
    },
    templateHash: '0123456789',
    selector: `sandpiper.dev/sandbox=${name}`,
  };
}
