import type { Signer } from '@sandpiper/capability';
import { createInstanceClient, type InstanceClient } from '@sandpiper/instance';

export interface InstanceTarget {
  uid: string;
  address: string;
}

/** One client per instance, because each keeps its connections: a probe every 20 ms is to open none of its own. */
export interface InstanceClients {
  of(target: InstanceTarget): Pick<InstanceClient, 'health' | 'ready' | 'suspend' | 'reopen'>;
  /** Cuts what is open to an instance that is to end. */
  forget(uid: string): void;
  close(): Promise<void>;
}

/** @param signer  of issuer `manager` */
export function createInstanceClients(signer: Signer): InstanceClients {
  const clients = new Map<string, InstanceClient>();
  const closing = new Set<Promise<void>>();
  const forget = (uid: string): void => {
    const client = clients.get(uid);
    if (!client) return;
    clients.delete(uid);
    const closed = client.close().finally(() => closing.delete(closed));
    closing.add(closed);
  };
  return {
    of({ uid, address }) {
      const known = clients.get(uid);
      if (known?.address === address) return known;
      forget(uid);
      const client = createInstanceClient({ uid, address, signer });
      clients.set(uid, client);
      return client;
    },
    forget,
    async close() {
      for (const uid of [...clients.keys()]) forget(uid);
      await Promise.all(closing);
    },
  };
}
