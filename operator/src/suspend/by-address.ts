import type { Signer } from '@sandpiper/capability';
import { createInstanceClient, type InstanceClient } from '@sandpiper/instance';
import type { Instances, InstanceTarget } from './instances.ts';

const TIMEOUT_MS = 5_000;

/** The straight way, for an operator inside of the cluster: to the address of the pod. */
export function instancesByAddress(signer: Signer): Instances {
  const asking = async <T>(
    { uid, address }: InstanceTarget,
    ask: (client: InstanceClient) => Promise<T>,
  ): Promise<T> => {
    // Asked once in an idle timeout: a connection that is kept would outlive its use.
    const client = createInstanceClient({ uid, address, signer });
    try {
      return await ask(client);
    } finally {
      await client.close();
    }
  };
  return {
    suspend: (target, ifIdleForMs) =>
      asking(target, (client) => client.suspend({ ifIdleForMs }, { signal: AbortSignal.timeout(TIMEOUT_MS) })),
    reopen: (target) => asking(target, (client) => client.reopen({ signal: AbortSignal.timeout(TIMEOUT_MS) })),
  };
}
