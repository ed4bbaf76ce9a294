import type { Sandbox } from '@sandpiper/api';
import { keyOf, keyText, type ObjectKey } from '@sandpiper/kube';
import type { Memory } from './memory.ts';

/** The memories of all sandboxes, by key. */
export interface Memories {
  of(sandbox: Sandbox): Memory;
  /** This sandbox has just come to be, and we are the one who acts: nobody can have done anything for it. */
  noteCreated(sandbox: Sandbox): void;
  forget(key: ObjectKey): void;
  readonly size: number;
}

/** @param monotonicMs  a clock that never goes back, ms */
export function createMemories(monotonicMs: () => number): Memories {
  const memories = new Map<string, Memory>();
  const fresh = (uid: string, isUntouched: boolean): Memory => ({
    uid,
    isUntouched,
    deleting: new Set(),
    ...(isUntouched && { launch: { beganMs: monotonicMs(), toolsSeen: false } }),
  });
  return {
    of(sandbox) {
      const key = keyText(keyOf(sandbox));
      const known = memories.get(key);
      if (known?.uid === sandbox.metadata.uid) return known;
      const memory = fresh(sandbox.metadata.uid, false);
      memories.set(key, memory);
      return memory;
    },
    noteCreated(sandbox) {
      const key = keyText(keyOf(sandbox));
      if (memories.get(key)?.uid !== sandbox.metadata.uid) memories.set(key, fresh(sandbox.metadata.uid, true));
    },
    forget: (key) => void memories.delete(keyText(key)),
    get size() {
      return memories.size;
    },
  };
}
