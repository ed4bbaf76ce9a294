import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * The operator as images carry it, in one file: run from its sources, Node spends 60 MiB on reading them.
 *
 * @returns the file to start
 */
export async function bundleOperator(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const outfile = path.join(folder, 'operator.mjs');
  await build({
    entryPoints: [path.join(ROOT, 'operator/src/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minifySyntax: true,
    logLevel: 'warning',
    // What is CommonJS needs a `require` inside an ESM bundle.
    banner: { js: "import{createRequire as __r}from'node:module';const require=__r(import.meta.url);" },
  });
  return outfile;
}
