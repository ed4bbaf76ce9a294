import { findControlPlane, startControlPlane } from '@sandpiper/testing/control-plane';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openClusterBench } from '../testing/cluster-bench.ts';
import { installCrds } from '@sandpiper/testing/control-plane';

const DESKTOP = { need: 'desktop', timeoutMs: 60_000 } as const;

describeWithControlPlane('an API server that is killed', () => {
  it('is back in time for who waits, and nothing is lost or done twice', { timeout: 90_000 }, async () => {
    const source = findControlPlane(process.env);
    if (source.kind === 'existing') return; // Somebody else's API server is not stopped.
    const controlPlane = await startControlPlane({ source, components: [] });
    onTestFinished(() => controlPlane.close());
    await installCrds(controlPlane);
    const bench = await openClusterBench(controlPlane);
    onTestFinished(() => bench.close());
    // No administrator: those it lets in before it has read its rules.
    const { kubeConfig } = await controlPlane.userKubeConfig({ user: 'gateway' });
    const role = ['--verb=get,list,watch,create,patch,delete', '--resource=sandboxes.sandpiper.dev'];
    await controlPlane.kubectl(['-n', bench.namespace, 'create', 'role', 'gateway', ...role]);
    await controlPlane.kubectl([
      '-n',
      bench.namespace,
      'create',
      'rolebinding',
      'gateway',
      '--role=gateway',
      '--user=gateway',
    ]);
    const { sandboxes, verbs } = await bench.addReplica({ patienceMs: 60_000, kubeConfig });
    const writes = (): string[] => verbs().filter((verb) => verb === 'create' || verb === 'patch');

    await sandboxes.ensure({ sessionId: 'awake', owner: 'ada' });
    await sandboxes.ensure({ sessionId: 'asleep', owner: 'ada' });
    const endpoint = await sandboxes.connect('awake', DESKTOP);
    await sandboxes.connect('asleep', DESKTOP);
    await sandboxes.suspend('asleep');
    await vi.waitFor(async () => expect((await sandboxes.get('asleep'))?.status?.suspendedAt).toBeDefined(), 10_000);
    const before = writes().length;

    await controlPlane.stopApiServer('SIGKILL');
    expect(await sandboxes.connect('awake', DESKTOP)).toEqual(endpoint);
    const waking = [1, 2, 3].map(() => sandboxes.connect('asleep', DESKTOP));
    const making = sandboxes.ensure({ sessionId: 'new', owner: 'ada' });
    await controlPlane.startApiServer();
    await Promise.all(waking);
    await making;
    await sandboxes.connect('new', DESKTOP);
    expect(writes().slice(before).sort()).toEqual(['create', 'patch']);
  });
});
