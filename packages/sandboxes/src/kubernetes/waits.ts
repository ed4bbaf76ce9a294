import type { SandboxError } from '../errors.ts';

/** Who waits for which sandbox: a wake goes on while somebody wants it, and everybody is told when no more will come. */
export interface Waits {
  /** @returns the way to leave */
  enter(sessionId: string, onClose: (error: SandboxError) => void): () => void;
  has(sessionId: string): boolean;
  close(error: SandboxError): void;
}

export function createWaits(): Waits {
  const waiting = new Map<string, Set<(error: SandboxError) => void>>();
  return {
    enter(sessionId, onClose) {
      const group = waiting.get(sessionId) ?? new Set();
      waiting.set(sessionId, group.add(onClose));
      return () => {
        group.delete(onClose);
        if (group.size === 0 && waiting.get(sessionId) === group) waiting.delete(sessionId);
      };
    },
    has: (sessionId) => waiting.has(sessionId),
    close(error) {
      for (const group of [...waiting.values()]) for (const onClose of [...group]) onClose(error);
    },
  };
}
