import { onScopeDispose, ref, watch } from 'vue';
import type { Ref } from 'vue';

/** Nearer than this to the end counts as being there. */
const NEAR_PX = 48;

/** Keeps a scroller at its end while its content grows, but only for somebody who is at the end. */
export function useFollowEnd(scroller: Readonly<Ref<HTMLElement | null>>, content: Readonly<Ref<HTMLElement | null>>) {
  const atEnd = ref(true);
  let lastTop = 0;

  function toEnd(): void {
    const view = scroller.value;
    atEnd.value = true;
    if (view) view.scrollTop = view.scrollHeight;
  }

  function onScroll(): void {
    const view = scroller.value;
    if (!view) return;
    const near = view.scrollHeight - view.scrollTop - view.clientHeight <= NEAR_PX;
    // Content that grew before we followed looks like distance too; only a person's own way up leaves the end.
    if (near) atEnd.value = true;
    else if (view.scrollTop < lastTop) atEnd.value = false;
    lastTop = view.scrollTop;
  }

  const observer = new ResizeObserver(() => {
    if (atEnd.value) toEnd();
  });
  watch(
    [scroller, content],
    ([view, inner], _before, onCleanup) => {
      if (!view || !inner) return;
      view.addEventListener('scroll', onScroll, { passive: true });
      observer.observe(view);
      observer.observe(inner);
      toEnd();
      onCleanup(() => {
        view.removeEventListener('scroll', onScroll);
        observer.disconnect();
      });
    },
    { flush: 'post' },
  );
  onScopeDispose(() => observer.disconnect());

  return { atEnd, toEnd };
}
