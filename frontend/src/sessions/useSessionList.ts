import { computed, ref } from 'vue';
import { defineStore } from 'pinia';
import type { ModelRef, SessionListChange, SessionPage, SessionSummary } from '@sandpiper/protocol';
import { api } from '../api/client.ts';

const PAGE_SIZE = 100;

/** The person's conversations, newest change first; kept up to date by the stream. */
export const useSessionList = defineStore('session-list', () => {
  const byId = ref(new Map<string, SessionSummary>());
  /** Deleted here, but still to be undone. */
  const hidden = ref(new Set<string>());
  const loaded = ref(false);
  const error = ref<unknown>(null);
  const nextCursor = ref<string | null>(null);

  const sessions = computed(() =>
    [...byId.value.values()]
      .filter((session) => !hidden.value.has(session.id))
      .sort((a, b) => b.updatedAt.localeCompare(a.updatedAt)),
  );

  /** Fetches the newest page; everything again after a cut, because list changes have no cursor. */
  async function load(): Promise<void> {
    try {
      const page = await fetchPage(null);
      byId.value = new Map(page.items.map((session) => [session.id, session]));
      nextCursor.value = page.nextCursor;
      loaded.value = true;
      error.value = null;
    } catch (failure) {
      error.value = failure;
    }
  }

  async function loadMore(): Promise<void> {
    if (nextCursor.value === null) return;
    const page = await fetchPage(nextCursor.value);
    for (const session of page.items) byId.value.set(session.id, session);
    nextCursor.value = page.nextCursor;
  }

  function apply(change: SessionListChange): void {
    if (change.change === 'upserted') byId.value.set(change.session.id, change.session);
    else byId.value.delete(change.id);
  }

  async function create(model?: ModelRef): Promise<SessionSummary> {
    const session = await api.request<SessionSummary>('sessions', { method: 'POST', json: model ? { model } : {} });
    byId.value.set(session.id, session);
    return session;
  }

  async function rename(id: string, title: string): Promise<void> {
    const before = byId.value.get(id);
    if (before) byId.value.set(id, { ...before, title });
    try {
      const session = await api.request<SessionSummary>(`sessions/${id}`, { method: 'PATCH', json: { title } });
      byId.value.set(id, session);
    } catch (failure) {
      if (before) byId.value.set(id, before);
      throw failure;
    }
  }

  const hide = (id: string) => void hidden.value.add(id);
  const unhide = (id: string) => void hidden.value.delete(id);

  /** Deletes for good; outlives the page. */
  async function remove(id: string): Promise<void> {
    try {
      await api.request(`sessions/${id}`, { method: 'DELETE', keepalive: true });
      byId.value.delete(id);
    } finally {
      unhide(id);
    }
  }

  function reset(): void {
    byId.value = new Map();
    hidden.value = new Set();
    loaded.value = false;
    error.value = null;
    nextCursor.value = null;
  }

  return {
    sessions,
    byId,
    loaded,
    error,
    nextCursor,
    load,
    loadMore,
    apply,
    create,
    rename,
    hide,
    unhide,
    remove,
    reset,
  };
});

function fetchPage(cursor: string | null): Promise<SessionPage> {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
  if (cursor !== null) query.set('cursor', cursor);
  return api.request<SessionPage>(`sessions?${query}`);
}
