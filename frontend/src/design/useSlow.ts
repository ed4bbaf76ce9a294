import { onScopeDispose, ref, toValue, watch } from 'vue';
import type { MaybeRefOrGetter, Ref } from 'vue';

/** True once `pending` has lasted for 300 ms: what is faster shows no skeleton at all. */
export function useSlow(pending: MaybeRefOrGetter<boolean>, afterMs = 300): Readonly<Ref<boolean>> {
  const slow = ref(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  watch(
    () => toValue(pending),
    (isPending) => {
      clearTimeout(timer);
      slow.value = false;
      if (isPending) timer = setTimeout(() => (slow.value = true), afterMs);
    },
    { immediate: true },
  );
  onScopeDispose(() => clearTimeout(timer));
  return slow;
}
