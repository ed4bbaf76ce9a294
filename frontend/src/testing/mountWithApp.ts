import { mount } from '@vue/test-utils';
import { createPinia } from 'pinia';
import { TooltipProvider } from 'reka-ui';
import { h } from 'vue';
import type { Component } from 'vue';
import { createMemoryHistory, createRouter } from 'vue-router';
import { createTranslations } from '../i18n/index.ts';

/** Mounts a component with all that the app gives to its components. */
export function mountWithApp(component: Component, props: Record<string, unknown>) {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', name: 'home', component: { render: () => null } },
      { path: '/s/:id', name: 'session', component: { render: () => null } },
    ],
  });
  return mount(
    { render: () => h(TooltipProvider, () => h(component, props)) },
    { attachTo: document.body, global: { plugins: [createPinia(), createTranslations(), router] } },
  );
}
