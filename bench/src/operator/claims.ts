import { isTrue, type Sandbox } from '@sandpiper/api';
import {
  createInformer,
  createKubeClient,
  type Informer,
  type KubeClient,
  type KubeObject,
  type ResourceType,
} from '@sandpiper/kube';
import type { ConnectedControlPlane } from '@sandpiper/testing/control-plane';
import { type Kind, sandboxOf, sandboxes } from './resources.ts';

/** Somebody who wants computers, and sees by a watch when they are there: what the gateway does. */
export interface Claimer {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Creates a sandbox and waits until the watch tells that it is ready. */
  claim(name: string, kind: Kind, poolPolicy: 'Require' | 'Never'): Promise<Claim>;
  /** Resolves when the watch tells of the sandbox what is asked for. */
  until(name: string, isSo: (sandbox: Sandbox) => boolean): Promise<void>;
  list(): readonly Sandbox[];
  close(): Promise<void>;
}

/** Ms from the request. */
export interface Claim {
  createdMs: number;
  readyMs: number;
}

/** Longer than anything that is measured here takes. */
const PATIENCE_MS = 120_000;

export async function openClaimer(control: ConnectedControlPlane, namespace: string): Promise<Claimer> {
  const client = createKubeClient(control.kubeConfig, { userAgent: 'bench-gateway' });
  const seen = createInformer({ client, type: sandboxes, namespace });
  const waiting = new Map<string, { isSo: (sandbox: Sandbox) => boolean; resolve: () => void }>();
  seen.onChange(({ key, after }) => {
    const waiter = waiting.get(key.name);
    if (!waiter || !after || !waiter.isSo(after)) return;
    waiting.delete(key.name);
    waiter.resolve();
  });
  await seen.start();

  const until = (name: string, isSo: (sandbox: Sandbox) => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const known = seen.store.get({ namespace, name });
      if (known && isSo(known)) {
        resolve();
        return;
      }
      const timer = setTimeout(() => {
        const status = JSON.stringify(seen.store.get({ namespace, name })?.status);
        reject(new Error(`Waited ${PATIENCE_MS} ms in vain for ${name}: ${status}`));
      }, PATIENCE_MS);
      waiting.set(name, {
        isSo,
        resolve() {
          clearTimeout(timer);
          resolve();
        },
      });
    });

  return {
    client,
    namespace,
    until,
    list: () => seen.store.list(),
    async claim(name, kind, poolPolicy) {
      const ready = until(name, isReady);
      const startedAt = performance.now();
      await client.create(sandboxes, sandboxOf(name, namespace, { templateRef: { name: kind }, poolPolicy }) as never);
      const createdMs = performance.now() - startedAt;
      await ready;
      return { createdMs, readyMs: performance.now() - startedAt };
    },
    async close() {
      await seen.close();
      await client.close();
    },
  };
}

export function isReady({ status }: Sandbox): boolean {
  return isTrue(status?.conditions, 'Ready');
}

/** An informer that is filled. */
export async function watching<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  namespace: string,
): Promise<Informer<T>> {
  const informer = createInformer({ client, type, namespace });
  await informer.start();
  return informer;
}

/** Runs `work` for 0, 1, … `count - 1`, so many at once. */
export async function inParallel<T>(count: number, atOnce: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      results[index] = await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, atOnce) }, worker));
  return results;
}
