import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';

/** Component tests (`*.spec.ts`) need Vue's compiler and a document; plain ones (`*.test.ts`) run with everything else too. */
export default defineConfig({
  plugins: [vue()],
  test: {
    root: fileURLToPath(new URL('.', import.meta.url)),
    include: ['src/**/*.spec.ts'],
    environment: 'happy-dom',
    maxWorkers: 2,
  },
});
