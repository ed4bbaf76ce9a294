import type { TestProject } from 'vitest/node';
import { shareControlPlane } from '@sandpiper/testing/vitest';

/** Gives the suites of `describeWithControlPlane` one control plane for the whole run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { shared, close } = await shareControlPlane(process.env);
  project.provide('controlPlane', shared);
  return close;
}
