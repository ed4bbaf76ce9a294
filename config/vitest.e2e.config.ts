import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Tests across parts: the whole program, as `npm start` runs it, in a real browser. One at a time: each starts desktops. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../e2e', import.meta.url)),
    include: ['**/*.test.ts'],
    globalSetup: [fileURLToPath(new URL('control-plane.setup.ts', import.meta.url))],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    maxWorkers: 1,
    fileParallelism: false,
    passWithNoTests: true,
  },
});
