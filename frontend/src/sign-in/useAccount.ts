import { ref } from 'vue';
import { defineStore } from 'pinia';
import type { AuthResponse, LoginRequest, RegisterRequest, User } from '@sandpiper/protocol';
import { api } from '../api/client.ts';

/** Who is signed in. The access token stays in the API client's memory, the refresh token in a cookie no script can read. */
export const useAccount = defineStore('account', () => {
  const user = ref<User | null>(null);
  /** Why the automatic sign-in failed, for the sign-in page. */
  const startError = ref<unknown>(null);

  /** Signs in by the one-time code of the address, else by the cookie. */
  async function start(): Promise<void> {
    const code = takeCode();
    try {
      if (code !== null) {
        await signIn({ code });
        return;
      }
    } catch (error) {
      startError.value = error;
    }
    try {
      user.value = (await api.refresh())?.user ?? null;
      if (user.value) startError.value = null;
    } catch (error) {
      startError.value ??= error;
    }
  }

  async function signIn(request: LoginRequest): Promise<void> {
    take(await api.request<AuthResponse>('auth/login', { method: 'POST', json: request }));
  }

  async function register(request: RegisterRequest): Promise<void> {
    take(await api.request<AuthResponse>('auth/register', { method: 'POST', json: request }));
  }

  async function signOut(): Promise<void> {
    await api.request('auth/logout', { method: 'POST', json: {} }).finally(forget);
  }

  function take(auth: AuthResponse): void {
    api.signIn(auth);
    user.value = auth.user;
    startError.value = null;
  }

  function forget(): void {
    api.signIn(null);
    user.value = null;
  }

  return { user, startError, start, signIn, register, signOut, forget };
});

/** Reads `#code=…` (or `?code=…`) and takes it out of the address bar and of the history. */
function takeCode(): string | null {
  const address = new URL(location.href);
  const fragment = new URLSearchParams(address.hash.slice(1));
  const code = fragment.get('code') ?? address.searchParams.get('code');
  if (code === null) return null;
  fragment.delete('code');
  address.searchParams.delete('code');
  address.hash = fragment.toString();
  history.replaceState(history.state, '', address);
  return code;
}
