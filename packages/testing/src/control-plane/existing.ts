import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connectControlPlane } from './connect.ts';
import type { ControlPlane, ControlPlaneAddress } from './control-plane.ts';

/** Uses a cluster that somebody else runs: nothing of it is started, stopped or broken. */
export async function joinExisting(cluster: { kubeconfigPath: string; kubectl: string }): Promise<ControlPlane> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sandpiper-control-plane-'));
  const address: ControlPlaneAddress = { ...cluster, folder, hasControllerManager: true };
  const connected = connectControlPlane(address);
  const refuse = (): Promise<void> =>
    Promise.reject(new Error(`The API server of ${cluster.kubeconfigPath} is not ours to stop.`));
  return {
    ...connected,
    address,
    pids: {},
    stopApiServer: refuse,
    startApiServer: refuse,
    async close() {
      await connected.removeNamespaces();
      await connected.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
