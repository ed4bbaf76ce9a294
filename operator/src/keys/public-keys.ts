import { isDeepStrictEqual } from 'node:util';
import { labels } from '@sandpiper/api';
import { type ConfigMap, core, isAlreadyExists, isConflict, type KubeClient } from '@sandpiper/kube';
import { KEYS_CONFIG_MAP } from '../instance/pod.ts';

/** Public keys by file name: `<issuer>.<kid>.pem`. */
export type PublicKeys = Readonly<Record<string, string>>;

/**
 * Sees to it that a namespace has the public keys by which its sandboxes know their callers. They are all that a sandbox
 * gets of the installation. Keys that somebody else put there stay: old and new ones overlap while they are changed.
 */
export async function keepPublicKeys(client: KubeClient, namespace: string, keys: PublicKeys): Promise<void> {
  const key = { namespace, name: KEYS_CONFIG_MAP };
  const known = await client.get(core.configMaps, key);
  if (!known) {
    const made: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...key, labels: { [labels.component]: 'keys' } },
      data: { ...keys },
    };
    try {
      await client.create(core.configMaps, made);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      await keepPublicKeys(client, namespace, keys);
    }
    return;
  }
  const data = { ...known.data, ...keys };
  if (isDeepStrictEqual(known.data ?? {}, data)) return;
  try {
    const { resourceVersion } = known.metadata;
    await client.patch(core.configMaps, key, { type: 'merge', body: { metadata: { resourceVersion }, data: keys } });
  } catch (error) {
    if (!isConflict(error)) throw error;
    await keepPublicKeys(client, namespace, keys);
  }
}
