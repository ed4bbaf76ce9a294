import type { TestProject } from 'vitest/node';
import { findControlPlane } from '@sandpiper/testing/control-plane';
import { shareControlPlane } from '@sandpiper/testing/vitest';
import { missingFor, startFamiliarControlPlane } from '../chaos/support/control-plane.ts';

/** Gives the suites of chaos one control plane for the whole run, and prints what makes another run break the same. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { seed } = project.getProvidedContext().chaos;
  console.log(`chaos: seed ${seed}; npm run chaos -- --seed ${seed} picks the same faults again.`);
  const source = findControlPlane(process.env);
  const reason = missingFor(source);
  if (reason !== undefined) {
    project.provide('controlPlane', { available: false, reason });
    return () => Promise.resolve();
  }
  const own = source.kind === 'binaries' ? await startFamiliarControlPlane(source) : undefined;
  const env = own ? { ...process.env, USE_EXISTING_CLUSTER: 'true', KUBECONFIG: own.kubeconfigPath } : process.env;
  const { shared, close } = await shareControlPlane(env);
  project.provide('controlPlane', shared);
  return async () => {
    await close();
    await own?.close();
  };
}
