import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type ControlPlane,
  type ControlPlaneSource,
  installCrds,
  startControlPlane,
} from '@sandpiper/testing/control-plane';

/**
 * Starts a control plane that has had our resources before its garbage collector began. That looks for new types only every
 * half minute, and until then leaves what belongs to deleted sandboxes.
 */
export async function startFamiliarControlPlane(source: ControlPlaneSource): Promise<ControlPlane> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'sandpiper-chaos-'));
  const removeData = (): Promise<void> => rm(dataDir, { recursive: true, force: true, maxRetries: 3 });
  try {
    const first = await startControlPlane({ source, components: [], dataDir });
    await installCrds(first).finally(() => first.close());
    const controlPlane = await startControlPlane({ source, dataDir });
    const close = async (): Promise<void> => {
      await controlPlane.close();
      await removeData();
    };
    // What a getter tells must stay what is so.
    return Object.create(controlPlane, { close: { value: close } }) as ControlPlane;
  } catch (error) {
    await removeData();
    throw error;
  }
}

/** Why this suite cannot run with what there is, or undefined: it needs the garbage collector and the scheduler. */
export function missingFor(source: ControlPlaneSource): string | undefined {
  if (source.kind === 'none') return source.reason;
  if (source.kind === 'existing') return undefined;
  const missing = (['kube-controller-manager', 'kube-scheduler'] as const).filter((name) => !source.binaries[name]);
  return missing.length === 0 ? undefined : `there is no ${missing.join(' and no ')} in ${source.from}`;
}
