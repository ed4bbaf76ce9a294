import { ref } from 'vue';
import { defineStore } from 'pinia';

export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'danger';
  action: { label: string; run: () => void } | null;
}

export interface ToastOptions {
  text: string;
  tone?: Toast['tone'];
  action?: { label: string; run: () => void };
  /** How long it stays; hovering or focusing it stops the clock. */
  durationMs?: number;
}

export interface UndoableOptions {
  /** “Conversation deleted” */
  text: string;
  undoLabel: string;
  /** Puts back what was hidden. */
  undo: () => void;
  /** Does it for good, when the time to undo is over or the page is left. */
  commit: () => void;
}

export const useToasts = defineStore('toasts', () => {
  const toasts = ref<Toast[]>([]);
  const clocks = new Map<number, { end: () => void; pause: () => void; resume: () => void }>();
  let lastId = 0;

  function show({ text, tone = 'plain', action, durationMs = 6000 }: ToastOptions, onEnd?: () => void): number {
    lastId += 1;
    const id = lastId;
    toasts.value = [...toasts.value.slice(-3), { id, text, tone, action: action ?? null }];
    clocks.set(
      id,
      clock(durationMs, () => {
        clocks.delete(id);
        toasts.value = toasts.value.filter((toast) => toast.id !== id);
        onEnd?.();
      }),
    );
    return id;
  }

  /** Something that happens only when nobody says Undo; leaving the page counts as nobody. */
  function undoable({ text, undoLabel, undo, commit }: UndoableOptions): void {
    let undone = false;
    const leave = () => dismiss(id);
    const id = show(
      {
        text,
        action: {
          label: undoLabel,
          run: () => {
            undone = true;
            undo();
          },
        },
      },
      () => {
        removeEventListener('pagehide', leave);
        if (!undone) commit();
      },
    );
    addEventListener('pagehide', leave);
  }

  function dismiss(id: number): void {
    clocks.get(id)?.end();
  }
  const pause = (id: number) => clocks.get(id)?.pause();
  const resume = (id: number) => clocks.get(id)?.resume();

  return { toasts, show, undoable, dismiss, pause, resume };
});

function clock(durationMs: number, onEnd: () => void) {
  let timer = setTimeout(onEnd, durationMs);
  return {
    pause: () => clearTimeout(timer),
    resume: () => {
      clearTimeout(timer);
      timer = setTimeout(onEnd, durationMs);
    },
    end: () => {
      clearTimeout(timer);
      onEnd();
    },
  };
}
