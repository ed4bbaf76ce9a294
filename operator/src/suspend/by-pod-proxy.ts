import type { Signer } from '@sandpiper/capability';
import type { KubeClient, RawResponse } from '@sandpiper/kube';
import { z } from 'zod';
import type { Instances, InstanceTarget } from './instances.ts';

const TIMEOUT_MS = 10_000;
const answer = z.object({ agreed: z.boolean(), idleForMs: z.number().min(0) });

/**
 * The way through the API server's pod proxy, for an operator outside of the cluster, which reaches no pod. The API
 * server takes `Authorization` for itself, so the token travels in a header of ours.
 */
export function instancesByPodProxy(client: Pick<KubeClient, 'request'>, signer: Signer): Instances {
  const send = async (target: InstanceTarget, method: 'POST' | 'DELETE', body?: object): Promise<RawResponse> => {
    const { namespace, pod, uid, address } = target;
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}:${new URL(address).port}/proxy/v1/suspend`;
    const response = await client.request(path, {
      method,
      headers: {
        'sandpiper-authorization': `Bearer ${signer.sign({ uid, scopes: ['lifecycle'] })}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
      timeoutMs: TIMEOUT_MS,
    });
    if (response.status >= 300) {
      const text = (await response.text()).slice(0, 300);
      throw new Error(
        `The pod ${namespace}/${pod} answered ${response.status.toString()} through the API server: ${text}`,
      );
    }
    return response;
  };
  return {
    async suspend(target, ifIdleForMs) {
      return answer.parse(await (await send(target, 'POST', { ifIdleForMs })).json());
    },
    async reopen(target) {
      await (await send(target, 'DELETE')).text();
    },
  };
}
