import { core, createInformer, type KubeClient, type ObjectKey, keyText, type Pod } from '@sandpiper/kube';
import { addressesOf, someLoopbackRange } from './addresses.ts';
import { bindClaims } from './claims/claim-binder.ts';
import { registerNodes } from './nodes/fake-nodes.ts';
import { startPodWorker, type PodWorker } from './pods/pod-worker.ts';
import type { Print } from './print.ts';
import type { ContainerExit, Runtime } from './runtime/runtime.ts';
import { scriptedRuntime } from './runtime/scripted.ts';
import { toolApiRuntime } from './runtime/tool-api.ts';

export interface FakeKubeletOptions {
  client: KubeClient;
  /** Names of the nodes to register; `fake-1` when left out. */
  nodes?: readonly string[];
  /** Only pods that tolerate the taint `fake-kubelet` come to these nodes: tests that share a control plane do not share nodes. */
  dedicated?: boolean;
  /** What is behind the pods: nothing, or a real tool-api each. */
  runtime?: 'nothing' | 'tool-api';
  /** Pods get their addresses from here: a loopback range with `tool-api`, where something must listen. */
  addressRange?: string;
  /** Whether claims get volumes; true when left out. */
  claims?: boolean;
  /** How a pod is to fare, before its annotation is asked. */
  behaviourOf?: (pod: Pod) => string | undefined;
  print?: Print;
}

/** Nodes that run pods, or say so. */
export interface FakeKubelet {
  readonly nodes: readonly string[];
  /** Ends the containers of a pod; they start again as its restart policy says. */
  crash(pod: ObjectKey, exit?: ContainerExit): void;
  /** Throws a pod out. */
  evict(pod: ObjectKey, message?: string): void;
  /** Nothing is heard of a node any more. Its pods go on, and nobody knows. */
  goSilent(node: string): void;
  comeBack(node: string): Promise<void>;
  close(): Promise<void>;
}

/** Takes the place of kubelets and of a volume provisioner, on nodes that it registers. */
export async function startFakeKubelet(options: FakeKubeletOptions): Promise<FakeKubelet> {
  const { client, nodes = ['fake-1'], runtime: kind = 'nothing', claims = true, behaviourOf } = options;
  const print = options.print ?? (() => undefined);
  const isReal = kind === 'tool-api';
  const addresses = addressesOf(options.addressRange ?? (isReal ? someLoopbackRange() : '10.128.0.0/14'));
  const runtime: Runtime = isReal ? await toolApiRuntime(client) : scriptedRuntime();
  const registered = await registerNodes(client, nodes, { dedicated: options.dedicated ?? false, print });
  const binder = claims ? await bindClaims(client, print) : undefined;
  const workers = new Map<string, { worker: PodWorker; address: string; node: string }>();
  const silent = new Set<string>();
  const pods = createInformer({ client, type: core.pods });

  const start = (pod: Pod, node: string): void => {
    const address = addresses.take();
    const worker = startPodWorker({ client, runtime, pod, address, hostIp: '127.0.0.1', behaviourOf, print });
    workers.set(keyText({ namespace: pod.metadata.namespace ?? '', name: pod.metadata.name }), {
      worker,
      address,
      node,
    });
  };
  const stop = (key: string): void => {
    const entry = workers.get(key);
    if (!entry) return;
    workers.delete(key);
    void entry.worker.close().finally(() => addresses.release(entry.address));
  };

  pods.onChange(({ key, after }) => {
    const text = keyText(key);
    const known = workers.get(text);
    if (known && known.worker.uid !== after?.metadata.uid) stop(text);
    const node = after?.spec?.nodeName;
    if (!after || node === undefined || !nodes.includes(node)) return;
    const isOver = after.status?.phase === 'Failed' || after.status?.phase === 'Succeeded';
    if (!workers.has(text) && !(isOver && after.metadata.deletionTimestamp === undefined)) start(after, node);
    if (!silent.has(node)) workers.get(text)?.worker.update(after);
  });
  await pods.start();

  const workerOf = (key: ObjectKey): PodWorker => {
    const worker = workers.get(keyText(key))?.worker;
    if (!worker) throw new Error(`The fake kubelet runs no pod ${keyText(key)}.`);
    return worker;
  };
  const workersOn = (node: string) => [...workers.values()].filter((entry) => entry.node === node);

  return {
    nodes,
    crash: (key, exit = { exitCode: 1, reason: 'Error' }) => workerOf(key).crash(exit),
    evict: (key, message = 'The node was low on resource: memory.') => workerOf(key).evict(message),
    goSilent(node) {
      silent.add(node);
      registered.silence(node);
      for (const { worker } of workersOn(node)) worker.pause();
    },
    async comeBack(node) {
      silent.delete(node);
      await registered.revive(node);
      for (const { worker } of workersOn(node)) worker.resume();
      for (const pod of pods.store.list()) {
        if (pod.spec?.nodeName !== node) continue;
        workers.get(keyText({ namespace: pod.metadata.namespace ?? '', name: pod.metadata.name }))?.worker.update(pod);
      }
    },
    async close() {
      await pods.close();
      await Promise.all([...workers.values()].map(({ worker }) => worker.close()));
      await binder?.close();
      await registered.close();
      await runtime.close();
    },
  };
}
