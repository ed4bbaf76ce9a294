import { isDeepStrictEqual } from 'node:util';
import type { SandboxTemplate } from '@sandpiper/api';
import { type KubeClient, networking, type NetworkPolicy } from '@sandpiper/kube';
import type { Caches } from '../caches.ts';
import { keepPublicKeys, type PublicKeys } from '../keys/public-keys.ts';
import { networkPolicyFor, networkPolicyName, type NetworkSettings } from './network-policy.ts';

/** What has to be there before a pod of a template: without its policy it could reach anything, without keys it knows nobody. */
export interface Surroundings {
  /** Puts it right, whatever was done to it. Rejects when the API server cannot be asked. */
  keep(template: SandboxTemplate): Promise<void>;
  /** The same before a pod is made: once for each generation of the template, for all who ask at once. */
  ensure(template: SandboxTemplate): Promise<void>;
}

export interface SurroundingsParts {
  client: KubeClient;
  caches: Caches;
  network: NetworkSettings;
  publicKeys: PublicKeys;
}

export function createSurroundings({ client, caches, network, publicKeys }: SurroundingsParts): Surroundings {
  const ensured = new Map<string, { generation: number; done: Promise<void> }>();

  const keepPolicy = async (template: SandboxTemplate): Promise<void> => {
    const wanted = networkPolicyFor(template, network);
    const key = { namespace: template.metadata.namespace ?? '', name: networkPolicyName(template.metadata.name) };
    const known = caches.networkPolicies.store.get(key);
    if (known && isAsWanted(known, wanted)) return;
    const written = await client.apply(networking.networkPolicies, wanted, {
      fieldManager: FIELD_MANAGER,
      force: true,
    });
    caches.networkPolicies.store.noteWritten(written);
  };
  const keep = async (template: SandboxTemplate): Promise<void> => {
    await keepPolicy(template);
    await keepPublicKeys(client, template.metadata.namespace ?? '', publicKeys);
  };

  return {
    keep,
    ensure(template) {
      const { uid, generation } = template.metadata;
      const known = ensured.get(uid);
      if (known?.generation === generation) return known.done;
      const done = keep(template);
      ensured.set(uid, { generation, done });
      done.catch(() => ensured.delete(uid));
      return done;
    },
  };
}

const FIELD_MANAGER = 'sandpiper-operator';

function isAsWanted(known: NetworkPolicy, wanted: ReturnType<typeof networkPolicyFor>): boolean {
  const owner = wanted.metadata.ownerReferences?.[0]?.uid;
  const isOurs = known.metadata.ownerReferences?.some(({ uid }) => uid === owner) ?? false;
  return isOurs && isDeepStrictEqual(known.spec, wanted.spec);
}
