import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import type { Artefact } from '@sandpiper/protocol';
import { readArtefact } from '../computer-api.ts';

export interface LoadedArtefact {
  blob: Readonly<ShallowRef<Blob | null>>;
  status: Readonly<Ref<'none' | 'loading' | 'loaded' | 'failed'>>;
}

/** Bytes of the last few artefacts: dragging back and forth over a timeline must not fetch them again and again. */
const kept = new Map<string, Promise<Blob>>();
const KEPT = 40;

export function loadArtefact(sessionId: string, artefact: Artefact): Promise<Blob> {
  const key = `${sessionId}/${artefact.id}`;
  const held = kept.get(key) ?? readArtefact(sessionId, artefact.id);
  kept.delete(key);
  kept.set(key, held);
  held.catch(() => kept.delete(key));
  const oldest = kept.keys().next().value;
  if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
  return held;
}

/** The bytes of an artefact that changes; what was loaded before stays until the next is there. */
export function useArtefact(sessionId: () => string, artefact: () => Artefact | null | undefined): LoadedArtefact {
  const blob = shallowRef<Blob | null>(null);
  const status = ref<'none' | 'loading' | 'loaded' | 'failed'>('none');
  let round = 0;
  watch(
    [sessionId, () => artefact()?.id],
    async () => {
      const mine = ++round;
      const id = sessionId();
      const wanted = artefact();
      if (!wanted) {
        blob.value = null;
        status.value = 'none';
        return;
      }
      status.value = 'loading';
      try {
        const loaded = await loadArtefact(id, wanted);
        if (mine !== round) return;
        blob.value = loaded;
        status.value = 'loaded';
      } catch {
        if (mine !== round) return;
        blob.value = null;
        status.value = 'failed';
      }
    },
    { immediate: true },
  );
  return { blob, status };
}

/** An address for bytes, given back when they change or the component goes. */
export function useBlobUrl(blob: () => Blob | null): Readonly<Ref<string | undefined>> {
  const url = ref<string>();
  const giveBack = (): void => {
    if (url.value !== undefined) URL.revokeObjectURL(url.value);
  };
  watch(
    blob,
    (bytes) => {
      giveBack();
      url.value = bytes ? URL.createObjectURL(bytes) : undefined;
    },
    { immediate: true },
  );
  onScopeDispose(giveBack);
  return url;
}
