import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { readChaosSettings } from '../chaos/support/settings.ts';

/** What goes wrong in clusters, on a real control plane. One file at a time: each takes all the nodes, and all the processor. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['chaos/**/*.test.ts'],
    globalSetup: ['config/chaos.setup.ts'],
    provide: { chaos: readChaosSettings(process.env) },
    testTimeout: 240_000,
    hookTimeout: 180_000,
    maxWorkers: 1,
    fileParallelism: false,
    maxConcurrency: 64,
    passWithNoTests: true,
  },
});
