import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { GROUP, labels, VERSION } from '@sandpiper/api';
import { defineResource } from '@sandpiper/kube';
import { buildRoad, openClusterBench } from '@sandpiper/sandboxes/testing';
import { installCrds } from '@sandpiper/testing/control-plane';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { readConfig } from '../config.ts';
import { startTestGateway } from '../testing/test-gateway.ts';
import { startToolApi, type TestToolApi } from '../testing/tool-api.ts';
import { openRuntime } from './runtime.ts';

const SANDBOXES = defineResource({
  group: GROUP,
  version: VERSION,
  kind: 'Sandbox',
  plural: 'sandboxes',
  namespaced: true,
});
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

describeWithControlPlane('a gateway of a cluster', (controlPlane) => {
  let folder: string;
  let toolApi: TestToolApi;
  let key: string;
  beforeAll(async () => {
    await installCrds(controlPlane());
    folder = await mkdtemp(path.join(tmpdir(), 'sandpiper-runtime-'));
    toolApi = await startToolApi('loopback');
    key = path.join(folder, `gateway.${toolApi.key.kid}.key.pem`);
    await writeFile(key, toolApi.key.privateKeyPem, { mode: 0o600 });
  });
  afterAll(async () => {
    await toolApi.close();
    await rm(folder, { recursive: true, force: true });
  });
  const environment = (more: Record<string, string>) => ({
    SANDPIPER_SECRET: 'x'.repeat(32),
    SANDPIPER_DATA_DIR: path.join(folder, 'data'),
    PORT: '0',
    SANDBOX_RUNTIME: 'kubernetes',
    SANDPIPER_GATEWAY_KEY: folder,
    ...more,
  });

  test('finds the computer of a session through its resource, and proves itself by the key in its folder', async () => {
    const bench = await openClusterBench(controlPlane(), toolApi.endpoint);
    onTestFinished(() => bench.close());
    const config = readConfig(
      environment({
        KUBECONFIG: controlPlane().kubeconfigPath,
        SANDBOX_NAMESPACE: bench.namespace,
        SANDBOX_TEMPLATE: 'small',
        SANDPIPER_INSTALLATION: 'mine',
        SANDBOX_ALLOW_LOOPBACK: 'true',
      }),
    );
    const runtime = await openRuntime(config.runtime, pino({ level: 'silent' }));
    onTestFinished(() => runtime.close());
    const gateway = await startTestGateway({ computers: runtime.computers!, notes: runtime.notes });
    onTestFinished(() => gateway.close());

    const person = await gateway.signIn();
    const { id } = await person.createSession();
    const put = await fetch(`${gateway.url}/api/v1/sessions/${id}/files/a.txt`, {
      method: 'PUT',
      headers: { Authorization: `Bearer ${person.token}` },
      body: 'by way of the cluster',
    });
    expect([put.status, await put.json()]).toMatchObject([201, { path: 'a.txt' }]);
    const items = await bench.client.list(SANDBOXES, { namespace: bench.namespace });
    expect(items.items).toMatchObject([
      {
        metadata: { name: `sbx-${id}`, labels: { [labels.session]: id, [labels.installation]: 'mine' } },
        spec: { templateRef: { name: 'small' } },
      },
    ]);
    await vi.waitFor(async () =>
      expect(await gateway.surroundings.hub.state(id)).toMatchObject({ sandbox: { phase: 'ready' } }),
    );
    expect((await person.call('DELETE', `/sessions/${id}`)).status).toBe(204);
    expect((await bench.client.list(SANDBOXES, { namespace: bench.namespace })).items).toEqual([]);
  });

  test('serves before the API server answers, and is ready when it knows the sandboxes', async () => {
    const road = await buildRoad(controlPlane());
    onTestFinished(() => road.end());
    road.close();
    const kubeconfig = path.join(folder, 'kubeconfig');
    await writeFile(kubeconfig, road.kubeConfig.exportConfig(), { mode: 0o600 });

    const env = { PATH: process.env['PATH'], ...environment({ KUBECONFIG: kubeconfig }) };
    const child = spawn(process.execPath, [MAIN], { env, cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    const url = await listening(child.stdout);
    const away = await fetch(`${url}/readyz`);
    expect([away.status, await away.json()]).toMatchObject([
      503,
      { code: 'NOT_READY', message: 'Not ready: the API server of Kubernetes does not answer.', retryable: true },
    ]);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    road.open();
    await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), { timeout: 15_000 });
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });

  test.each([
    [{ SANDPIPER_GATEWAY_KEY: '' }, /^gateway: SANDPIPER_GATEWAY_KEY: /],
    [{ SANDPIPER_GATEWAY_KEY: '/nowhere' }, /^gateway: The signing key \/nowhere cannot be read: ENOENT\.\n$/],
    [{ KUBECONFIG: '/nowhere' }, /^gateway: .*\/nowhere.*\n$/],
    [{ SANDBOX_NAMESPACE: 'Not One' }, /^gateway: SANDBOX_NAMESPACE: must be lower-case .*\n$/],
    [{ SANDBOX_RUNTIME: 'docker' }, /^gateway: SANDBOX_RUNTIME: .*\n$/],
  ])('says in one line what is wrong with %j', async (wrong, line) => {
    const env = { PATH: process.env['PATH'], ...environment({ KUBECONFIG: controlPlane().kubeconfigPath, ...wrong }) };
    const child = spawn(process.execPath, [MAIN], { env, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(said).toMatch(line);
  });
});

/** The URL, once a line of the log tells it. What comes later is thrown away. */
function listening(output: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    output.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const url = /"url":"([^"]+)"/.exec(text)?.[1];
      if (url !== undefined) resolve(url);
    });
    output.once('end', () => reject(new Error(`It ended before it listened: ${text}`)));
  });
}
