import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { readChaosSettings } from '../chaos/support/settings.ts';

const settings = readChaosSettings(process.env);

/** What goes wrong in clusters, on a real control plane. Most of it is waiting, so two files go at a time on two cores. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['chaos/**/*.test.ts'],
    globalSetup: ['config/chaos.setup.ts'],
    exclude: settings.form === 'short' ? ['chaos/mixture.test.ts', 'chaos/api-server.test.ts'] : [],
    provide: { chaos: settings },
    testTimeout: 240_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    maxConcurrency: 64,
    passWithNoTests: true,
  },
});
