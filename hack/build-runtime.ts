import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Packages with native code or files of their own, which a bundle cannot hold. Copied with their platform's binaries. */
const EXTERNAL = ['@lydell/node-pty', '@vscode/ripgrep', 'playwright-core', 'sharp'];

/**
 * Makes the folder that runs inside every sandbox: `init.mjs`, `tool-api.mjs`, their native packages, and Node.
 * Does nothing when sources and lockfile are as they were at the last build.
 *
 * @returns the folder, absolute
 */
export async function buildRuntime(outDir = path.join(root, 'tool-api/dist')): Promise<string> {
  const stamp = await sourceHash();
  const stampFile = path.join(outDir, 'stamp');
  if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return outDir;

  // Built aside and renamed, so that a build that is cut off, or two at once, never leaves half a runtime.
  const staging = `${outDir}.${process.pid.toString()}`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(path.join(staging, 'bin'), { recursive: true });
  await build({
    entryPoints: { init: path.join(root, 'tool-api/src/init/main.ts'), 'tool-api': path.join(root, 'tool-api/src/main.ts') },
    outdir: staging,
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
  for (const name of await withPlatformPackages(EXTERNAL)) {
    await cp(path.join(root, 'node_modules', name), path.join(staging, 'node_modules', name), { recursive: true, dereference: true });
  }
  await cp(process.execPath, path.join(staging, 'bin/node'));
  await writeFile(path.join(staging, 'stamp'), stamp);
  await rm(outDir, { recursive: true, force: true });
  await rename(staging, outDir);
  return outDir;
}

/** The packages, their dependencies, and those optional (platform) dependencies that are installed here. */
async function withPlatformPackages(names: string[]): Promise<string[]> {
  const found = new Set<string>();
  const visit = async (name: string): Promise<void> => {
    if (found.has(name)) return;
    const manifestFile = path.join(root, 'node_modules', name, 'package.json');
    const manifest = await readFile(manifestFile, 'utf8').catch(() => undefined);
    if (manifest === undefined) return;
    found.add(name);
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(manifest) as Record<string, Record<string, string>>;
    for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) await visit(dependency);
  };
  for (const name of names) await visit(name);
  return [...found];
}

async function sourceHash(): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  const folders = ['tool-api/src', 'packages/protocol/src', 'packages/capability/src'];
  for (const folder of folders) {
    const files = await readdir(path.join(root, folder), { recursive: true });
    for (const file of files.sort()) {
      if (file.endsWith('.ts') && !file.endsWith('.test.ts')) hash.update(file).update(await readFile(path.join(root, folder, file)));
    }
  }
  return hash.update(await readFile(path.join(root, 'package-lock.json'))).digest('hex');
}

if (import.meta.main) console.log(await buildRuntime());
