import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ConnectedControlPlane } from '@sandpiper/testing/control-plane';
import { parse } from 'yaml';
import { root } from '../../build-if-stale.ts';
import type { Manifest } from '../manifest.ts';

const crdFolder = path.join(root, 'crds');
export const samplesFolder = path.join(root, 'config/samples');

/** The CRDs as they lie in the repository: what users apply. */
export async function shippedCrds(): Promise<{ file: string; text: string; manifest: Manifest }[]> {
  const files = (await readdir(crdFolder)).sort();
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(path.join(crdFolder, file), 'utf8');
      return { file, text, manifest: parse(text) as Manifest };
    }),
  );
}

/** Applies the CRDs as a user does, and waits until the API server serves them. */
export async function installCrds(control: ConnectedControlPlane): Promise<void> {
  const apply = (): Promise<string> => control.kubectl(['apply', '-f', crdFolder]);
  // Files that run at the same time share the API server: whoever came second finds on its next try what the first made.
  await apply().catch(apply);
  await control.kubectl(['wait', '--for=condition=Established', '--timeout=30s', '-f', crdFolder]);
}
