import { cp, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { buildIfStale, root } from './build-if-stale.ts';

/** Packages with native code or files of their own, which a bundle cannot hold. Copied with their platform's binaries. */
const EXTERNAL = ['@lydell/node-pty', '@vscode/ripgrep', 'playwright-core', 'sharp'];

/**
 * Makes the folder that runs inside every sandbox: `init.mjs`, `tool-api.mjs`, their native packages, and Node.
 *
 * @returns the folder, absolute
 */
export function buildRuntime(): Promise<string> {
  const sources = ['tool-api/src', 'packages/protocol/src', 'packages/capability/src', 'hack/build-runtime.ts'];
  return buildIfStale('tool-api/dist', sources, async (outDir) => {
    await mkdir(path.join(outDir, 'bin'), { recursive: true });
    await build({
      entryPoints: {
        init: path.join(root, 'tool-api/src/init/main.ts'),
        'tool-api': path.join(root, 'tool-api/src/main.ts'),
      },
      outdir: outDir,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      external: EXTERNAL,
      sourcemap: 'linked',
      minifySyntax: true,
      logLevel: 'warning',
      // express and its like are CommonJS: inside an ESM bundle they need a `require`.
      banner: { js: "import{createRequire as __r}from'node:module';const require=__r(import.meta.url);" },
    });
    for (const name of await withDependencies(EXTERNAL)) {
      const to = path.join(outDir, 'node_modules', name);
      await cp(path.join(root, 'node_modules', name), to, { recursive: true, dereference: true });
    }
    await cp(process.execPath, path.join(outDir, 'bin/node'));
  });
}

/** The packages with all they depend on, platform packages included where they are installed here. */
async function withDependencies(names: string[]): Promise<Set<string>> {
  const found = new Set<string>();
  const visit = async (name: string): Promise<void> => {
    if (found.has(name)) return;
    const manifest = await readFile(path.join(root, 'node_modules', name, 'package.json'), 'utf8').catch(
      () => undefined,
    );
    if (manifest === undefined) return;
    found.add(name);
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(manifest) as Record<
      string,
      Record<string, string>
    >;
    for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) await visit(dependency);
  };
  for (const name of names) await visit(name);
  return found;
}

if (import.meta.main) console.log(await buildRuntime());
