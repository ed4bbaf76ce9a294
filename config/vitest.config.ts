import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Unit and integration tests lie beside the source they test; `e2e/` has a configuration of its own. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['{packages/*,operator,sandbox-manager,tool-api,gateway,embedded,frontend,hack}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    globalSetup: ['config/control-plane.setup.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Many suites start real browsers and displays; two cores take two files at a time.
    maxWorkers: 2,
  },
});
