import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { loadKubeConfig } from '@sandpiper/kube';
import type { ConnectedControlPlane } from '@sandpiper/testing/control-plane';

type KubeConfig = ReturnType<typeof loadKubeConfig>;

/** A road to a shared API server that one test may cut without anybody else noticing. */
export interface CuttableRoad {
  /** As the administrator's, by this road. */
  kubeConfig: KubeConfig;
  /** Cuts what is open; new connections pass. */
  cut(): void;
  /** Cuts what is open and refuses what is new, until it is opened. */
  close(): void;
  open(): void;
  end(): Promise<void>;
}

export async function buildRoad({ server, kubeConfig }: ConnectedControlPlane): Promise<CuttableRoad> {
  const target = new URL(server);
  const sockets = new Set<Socket>();
  let isClosed = false;
  const proxy = createServer((near) => {
    if (isClosed) {
      near.destroy();
      return;
    }
    const far = connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    kubeConfig: redirected(kubeConfig, (proxy.address() as AddressInfo).port),
    cut,
    close() {
      isClosed = true;
      cut();
    },
    open() {
      isClosed = false;
    },
    async end() {
      cut();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

function redirected(original: KubeConfig, port: number): KubeConfig {
  const server = `https://127.0.0.1:${port}`;
  const copy = new (original.constructor as new () => KubeConfig)();
  copy.loadFromOptions({
    clusters: original.getClusters().map((cluster) => ({ ...cluster, server })),
    contexts: original.getContexts(),
    users: original.getUsers(),
    currentContext: original.getCurrentContext(),
  });
  return copy;
}
