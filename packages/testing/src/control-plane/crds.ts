import { fileURLToPath } from 'node:url';
import type { ConnectedControlPlane } from './control-plane.ts';

const FOLDER = fileURLToPath(new URL('../../../../crds', import.meta.url));

/** Installs the resources of Sandpiper, and waits until they are served. May be done by several suites at once. */
export async function installCrds(controlPlane: ConnectedControlPlane): Promise<void> {
  await controlPlane.kubectl(['apply', '--server-side', '--force-conflicts', '-f', FOLDER]);
  await controlPlane.kubectl(['wait', '--for=condition=Established', '--timeout=30s', '-f', FOLDER]);
}
