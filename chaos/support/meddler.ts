import type { KubeClient, KubeWrite } from '@sandpiper/kube';

/**
 * Changes the object that is about to be written, in a way that means nothing, so that a write guarded by its version meets a
 * true conflict.
 *
 * @returns whether there was something to change
 */
export async function meddle(client: KubeClient, { type, key, verb }: KubeWrite): Promise<boolean> {
  if (!type || verb === 'create' || verb === 'raw') return false;
  const body = { metadata: { annotations: { 'chaos/meddled': performance.now().toString() } } };
  return client.patch(type, key, { type: 'merge', body }).then(
    () => true,
    () => false,
  );
}
