import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

/** Where `vite dev` finds a gateway; `npm start` and the images serve the built files themselves. */
const gateway = 'http://127.0.0.1:8000';

const EVERYWHERE = /node_modules\/(@vue|vue|vue-router|vue-i18n|@intlify|pinia|@vueuse|eventsource-parser)\//;

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [vue(), tailwindcss()],
  resolve: {
    // Of markdown-it; what it does instead is said there.
    alias: [{ find: /^entities$/, replacement: fileURLToPath(new URL('src/markdown/entities.ts', import.meta.url)) }],
  },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    // Ours is src/i18n/compile.ts.
    __INTLIFY_DROP_MESSAGE_COMPILER__: 'true',
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The colours are `light-dark()` pairs; these are the first browsers that know it.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    chunkSizeWarningLimit: 700,
    // All of these browsers know it.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What every page needs, in one piece: it compresses better than in ten, and stays cached over our own changes.
        codeSplitting: { groups: [{ name: 'vendor', test: EVERYWHERE }] },
      },
    },
  },
  // Modules, so that the highlighter fetches a grammar only when code in it is shown.
  worker: { format: 'es' },
  server: {
    proxy: { '/api': gateway, '/ws': { target: gateway, ws: true }, '/docs': gateway, '/openapi.json': gateway },
  },
});
