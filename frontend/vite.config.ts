import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

/** Where `vite dev` finds a gateway; `npm start` and the images serve the built files themselves. */
const gateway = 'http://127.0.0.1:8000';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [vue(), tailwindcss()],
  define: { __VUE_OPTIONS_API__: 'false', __VUE_I18N_LEGACY_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false' },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The colours are `light-dark()` pairs; these are the first browsers that know it.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    chunkSizeWarningLimit: 700,
  },
  // Modules, so that the highlighter fetches a grammar only when code in it is shown.
  worker: { format: 'es' },
  server: {
    proxy: { '/api': gateway, '/ws': { target: gateway, ws: true }, '/docs': gateway, '/openapi.json': gateway },
  },
});
