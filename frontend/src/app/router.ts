import { createRouter, createWebHistory } from 'vue-router';
import { useAccount } from '../sign-in/useAccount.ts';

export function createAppRouter() {
  const router = createRouter({
    history: createWebHistory(),
    routes: [
      { path: '/sign-in', name: 'sign-in', component: () => import('../sign-in/SignInPage.vue') },
      {
        path: '/',
        component: () => import('./AppShell.vue'),
        children: [
          { path: '', name: 'home', component: () => import('../conversation/ConversationPage.vue') },
          { path: 's/:id', name: 'session', component: () => import('../conversation/ConversationPage.vue') },
        ],
      },
      { path: '/:rest(.*)*', redirect: '/' },
    ],
  });
  router.beforeEach((to) => {
    const signedIn = useAccount().user !== null;
    if (!signedIn && to.name !== 'sign-in')
      return { name: 'sign-in', query: to.path === '/' ? {} : { next: to.fullPath } };
    if (signedIn && to.name === 'sign-in') return { name: 'home' };
    return true;
  });
  return router;
}
