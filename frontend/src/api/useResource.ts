import { useDocumentVisibility } from '@vueuse/core';
import { defineStore } from 'pinia';
import { ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api } from './client.ts';

/** A small answer of the server that several places show, such as the list of models. */
export interface Resource<Answer> {
  readonly data: Readonly<ShallowRef<Answer | undefined>>;
  /** The last attempt brought nothing; what was known before is still there. */
  readonly failed: Readonly<Ref<boolean>>;
}

const FRESH_MS = 30_000;
const RETRY_MS = 1000;

/**
 * Asks for a resource when somebody needs it, and again when it is older than half a minute and needed anew or looked at again.
 * All who need the same one share one request and one answer; one that fails is sent a second time.
 *
 * @param path  relative to `/api/v1/`
 */
export function useResource<Answer>(path: string): Resource<Answer> {
  const resource = useResources().of<Answer>(path);
  const visibility = useDocumentVisibility();
  watch(
    visibility,
    (now) => {
      if (now === 'visible') resource.refresh();
    },
    { immediate: true },
  );
  return resource;
}

interface KeptResource<Answer> extends Resource<Answer> {
  refresh(): void;
}

const useResources = defineStore('resources', () => {
  const kept = new Map<string, KeptResource<unknown>>();
  const of = <Answer>(path: string): KeptResource<Answer> => {
    const resource = kept.get(path) ?? createResource(path);
    kept.set(path, resource);
    return resource as KeptResource<Answer>;
  };
  return { of };
});

function createResource(path: string): KeptResource<unknown> {
  const data = shallowRef<unknown>();
  const failed = ref(false);
  let askedAt = Number.NEGATIVE_INFINITY;

  async function ask(): Promise<void> {
    try {
      data.value = await api.request<unknown>(path).catch(() => after(RETRY_MS).then(() => api.request<unknown>(path)));
      failed.value = false;
    } catch {
      failed.value = true;
      // Needed again, it is asked for again.
      askedAt = Number.NEGATIVE_INFINITY;
    }
  }
  return {
    data,
    failed,
    refresh() {
      const now = performance.now();
      if (now - askedAt < FRESH_MS) return;
      askedAt = now;
      void ask();
    },
  };
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
