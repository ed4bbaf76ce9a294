/// <reference types="vite/client" />

// For tools that read .ts without Vue (eslint, knip); vue-tsc resolves the component itself.
declare module '*.vue' {
  import type { DefineComponent } from 'vue';
  const component: DefineComponent<Record<string, unknown>, Record<string, unknown>, unknown>;
  export default component;
}
