import path from 'node:path';
import { build as viteBuild } from 'vite';
import { buildIfStale, root } from './build-if-stale.ts';
import { buildRuntime } from './build-runtime.ts';

/** Builds what `npm start` serves and runs, where the sources have changed since: the UI and the sandbox runtime. */
export async function build(): Promise<void> {
  await Promise.all([buildUi(), buildRuntime()]);
}

/** @returns the folder with the built UI, absolute */
function buildUi(): Promise<string> {
  return buildIfStale('frontend/dist', ['frontend', 'packages/protocol/src'], async (outDir) => {
    await viteBuild({
      configFile: path.join(root, 'frontend/vite.config.ts'),
      root: path.join(root, 'frontend'),
      logLevel: 'warn',
      build: { outDir, emptyOutDir: true },
    });
  });
}

if (import.meta.main) await build();
