import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './app/App.vue';
import { createAppRouter } from './app/router.ts';
import { usePreferences } from './app/usePreferences.ts';
import { useSession } from './session/useSession.ts';
import { useAccount } from './sign-in/useAccount.ts';
import { createTranslations } from './i18n/index.ts';
import './design/base.css';

const translations = createTranslations();
const app = createApp(App).use(createPinia()).use(translations);
await usePreferences().start(translations);
const named = useSession().start();
// Before the router: a one-time code must be read, and gone from the address bar, before a route is chosen.
await useAccount().start();
await named;
app.use(createAppRouter()).mount('#app');
