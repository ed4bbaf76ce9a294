import { randomBytes } from 'node:crypto';
import { core, createInformer } from '@sandpiper/kube';
import { eventually } from '@sandpiper/testing';
import { type ConnectedControlPlane, installCrds } from '@sandpiper/testing/control-plane';
import { type FakeKubelet, startFakeKubelet } from '@sandpiper/testing/fake-kubelet';
import { sandboxes } from '../../operator/src/resources.ts';
import { sharedClaims } from './invariants.ts';
import { type Sleepers, startSleepers } from './sleepers.ts';

/** A cluster whose nodes obey, with somebody who watches what happens on it. */
export interface World {
  readonly control: ConnectedControlPlane;
  readonly kubelet: FakeKubelet;
  readonly sleepers: Sleepers;
  /** The one whose kubelet is ours: several files share a control plane, each with a node of its own. */
  readonly node: string;
  /** What has happened in a namespace at any moment and never may: it is no excuse that it has passed. */
  witnessed(namespace: string): string[];
  /** Resolves when the garbage collector knows of sandboxes: it looks for new types only every half minute. */
  collecting(): Promise<void>;
  close(): Promise<void>;
}

export async function openWorld(control: ConnectedControlPlane): Promise<World> {
  await installCrds(control);
  const { client } = control;
  const sleepers = await startSleepers();
  // Scripted pods need no listener, but the operator asks some of them: `sleepers` has every loopback address.
  const node = `chaos-${randomBytes(4).toString('hex')}`;
  const kubelet = await startFakeKubelet({ client, nodes: [node], addressRange: '127.96.0.0/14' });
  const crimes = new Map<string, Set<string>>();
  const pods = createInformer({ client, type: core.pods });
  pods.onChange(({ key }) => {
    for (const crime of sharedClaims(
      pods.store.list().filter(({ metadata }) => metadata.namespace === key.namespace),
    )) {
      crimes.set(key.namespace, (crimes.get(key.namespace) ?? new Set()).add(crime));
    }
  });
  await pods.start();
  const collecting = untilCollecting(control);
  collecting.catch(() => undefined);
  return {
    control,
    kubelet,
    sleepers,
    node,
    witnessed: (namespace) => [...(crimes.get(namespace) ?? [])],
    collecting: () => collecting,
    async close() {
      await pods.close();
      await kubelet.close();
      await sleepers.close();
    },
  };
}

/** Makes something that belongs to a sandbox which is gone, and waits until it is gone too. */
async function untilCollecting(control: ConnectedControlPlane): Promise<void> {
  const { client } = control;
  const namespace = await control.createNamespace('collector');
  const key = { namespace, name: 'canary' };
  const owner = await client.create(sandboxes, {
    apiVersion: 'sandpiper.dev/v1alpha1',
    kind: 'Sandbox',
    metadata: key,
    spec: {},
  } as never);
  await client.create(core.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      ...key,
      ownerReferences: [{ apiVersion: owner.apiVersion, kind: owner.kind, name: 'canary', uid: owner.metadata.uid }],
    },
  });
  await client.delete(sandboxes, key);
  await eventually('the garbage collector', 90_000, async () => !(await client.get(core.configMaps, key)), {
    everyMs: 500,
  });
}
