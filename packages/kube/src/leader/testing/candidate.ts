import { setImmediate } from 'node:timers/promises';
import { loadKubeConfig } from '../../http/load-kube-config.ts';
import { createKubeClient } from '../../http/create-kube-client.ts';
import { guardWrites } from '../../http/guard-writes.ts';
import { core } from '../../builtin/resources.ts';
import { createLeaderElector } from '../leader-elector.ts';

/**
 * A process that competes for a lease, writes a ConfigMap while it leads, and stops itself between two writes, so that a test may wake it.
 * Arguments: kubeconfig, namespace, identity.
 */
const [path, namespace = '', identity = ''] = process.argv.slice(2);
const client = createKubeClient(loadKubeConfig({ path }));
const elector = createLeaderElector({
  client,
  lease: { namespace, name: 'paused' },
  identity,
  leaseDurationMs: 2_000,
  renewDeadlineMs: 1_000,
  retryPeriodMs: 200,
  onLost: () => process.exit(3),
});
const guarded = guardWrites(client, { beforeSend: () => elector.assertLeading() });
await elector.start();
for (let count = 0; ; count++) {
  if (count === 10) process.kill(process.pid, 'SIGSTOP');
  const body = { data: { writer: identity, count: String(count) } };
  await guarded.patch(core.configMaps, { namespace, name: 'written' }, { type: 'merge', body }).catch(() => undefined);
  // A write that is stopped rejects at once, and leaves no room for the election.
  await setImmediate();
}
