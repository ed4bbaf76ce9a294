import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventually } from '@sandpiper/testing';
import { installCrds } from '@sandpiper/testing/control-plane';
import { type FakeKubelet, startFakeKubelet } from '@sandpiper/testing/fake-kubelet';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');

interface SessionEvent {
  type: string;
  phase?: string;
}

/**
 * Gateway and operator as programs of their own, which know of each other only what the cluster tells. In the place of kubelets a fake
 * one, with a real tool-api behind each pod.
 */
describeWithControlPlane('a conversation on a cluster', (control) => {
  let folder: string;
  let namespace: string;
  let kubelet: FakeKubelet;
  let api: string;
  const programs: ChildProcess[] = [];

  const start = (main: string, args: string[], env: Record<string, string>): Promise<string> => {
    const child = spawn(process.execPath, [path.join(root, main), ...args], {
      env: { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: control().kubeconfigPath, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    programs.push(child);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => void (said += chunk.toString()));
    return eventually(`${main} to say that it works`, 30_000, () => {
      if (child.exitCode !== null) throw new Error(`${main} ended: ${said}`);
      return /"msg":"(listening|the operator works)"/.test(said) ? said : undefined;
    });
  };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sandpiper-cluster-'));
    await installCrds(control());
    namespace = await control().createNamespace('conversation');
    const node = `node-of-${namespace}`;
    kubelet = await startFakeKubelet({
      client: control().client,
      nodes: [node],
      dedicated: true,
      runtime: 'tool-api',
    });
    const spec = {
      containers: [{ name: 'sandbox', image: 'example.com/sandbox:1' }],
      nodeSelector: { 'kubernetes.io/hostname': node },
      tolerations: [{ key: 'fake-kubelet', operator: 'Exists' }],
    };
    const template = {
      kind: 'SandboxTemplate',
      metadata: { name: 'slim' },
      spec: { desktop: false, podTemplate: { spec } },
    };
    const pool = {
      kind: 'SandboxPool',
      metadata: { name: 'slim' },
      spec: { templateRef: { name: 'slim' }, replicas: 1 },
    };
    for (const object of [template, pool]) {
      const input = JSON.stringify({ apiVersion: 'sandpiper.dev/v1alpha1', ...object });
      await control().kubectl(['apply', '-n', namespace, '-f', '-'], { input });
    }
    const keys = path.join(folder, 'keys');
    const operator = [
      '--make-keys',
      '--keys-dir',
      keys,
      '--namespace',
      namespace,
      '--leader-elect=false',
      '--port',
      '0',
    ];
    await start('operator/src/main.ts', operator, {});
    await control().kubectl([
      ...['wait', '-n', namespace, 'sandboxpool/slim', '--timeout=60s'],
      '--for=jsonpath={.status.readyReplicas}=1',
    ]);
    const said = await start('gateway/src/main.ts', [], {
      PORT: '0',
      SANDPIPER_SECRET: 'only-for-this-test-and-long-enough-for-it',
      SANDPIPER_DATA_DIR: path.join(folder, 'gateway'),
      SANDBOX_RUNTIME: 'kubernetes',
      SANDBOX_NAMESPACE: namespace,
      SANDBOX_TEMPLATE: 'slim',
      SANDBOX_ALLOW_LOOPBACK: 'true',
      SANDPIPER_GATEWAY_KEY: keys,
    });
    api = `${/"url":"([^"]+)"/.exec(said)?.[1] ?? ''}/api/v1`;
  });
  afterAll(async () => {
    await Promise.all(
      programs.map(async (child) => {
        if (child.exitCode !== null) return;
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await ended;
      }),
    );
    await kubelet.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('takes its computer from the cluster, warm, and works in it', async () => {
    const call = async <T>(method: string, route: string, body?: object, token?: string): Promise<T> => {
      const response = await fetch(api + route, {
        method,
        headers: {
          'content-type': 'application/json',
          'idempotency-key': 'one',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      expect(response.status, await response.clone().text()).toBeLessThan(300);
      return (await response.json()) as T;
    };
    const account = { email: 'a@example.com', name: 'A', password: 'a long enough password' };
    const { accessToken } = await call<{ accessToken: string }>('POST', '/auth/register', account);
    const { id } = await call<{ id: string }>('POST', '/sessions', {}, accessToken);
    await call('POST', `/sessions/${id}/runs`, { text: 'Show me around.' }, accessToken);

    const events = await eventually('the run to end', 60_000, async () => {
      const { items } = await call<{ items: SessionEvent[] }>(
        'GET',
        `/sessions/${id}/events?limit=500`,
        undefined,
        accessToken,
      );
      return items.some(({ type }) => type === 'run.completed') ? items : undefined;
    });
    const outcomes = events.filter(({ type }) => type === 'tool.completed').map((event) => JSON.stringify(event));
    expect(outcomes).toContainEqual(expect.stringMatching(/"outcome":"ok".*node report\.mjs.*counting/));
    expect(events.filter(({ type }) => type === 'sandbox.phase').at(-1)?.phase).toBe('ready');

    const found = await control().kubectl([
      'get',
      'sandboxes',
      '-n',
      namespace,
      '-l',
      `sandpiper.dev/session=${id}`,
      '-o',
      'json',
    ]);
    const { items } = JSON.parse(found) as { items: { status: { launch: { type: string } } }[] };
    expect(items.map(({ status }) => status.launch.type)).toEqual(['Warm']);
  });
});
