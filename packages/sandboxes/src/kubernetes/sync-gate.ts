import { SandboxError } from '../errors.ts';

/** Holds calls back until the first list has come: before it, nothing is known of any sandbox. */
export interface SyncGate {
  readonly isOpen: boolean;
  open(): void;
  /** Rejects with `SANDBOXES_UNAVAILABLE` when the list does not come in time, or with the reason of the signal. */
  pass(withinMs: number, signal: AbortSignal): Promise<void>;
}

export function createSyncGate(): SyncGate {
  const opened = Promise.withResolvers<undefined>();
  let isOpen = false;
  return {
    get isOpen() {
      return isOpen;
    },
    open() {
      isOpen = true;
      opened.resolve(undefined);
    },
    async pass(withinMs, signal) {
      signal.throwIfAborted();
      if (isOpen) return;
      const ended = Promise.withResolvers<never>();
      const abort = (): void => ended.reject(signal.reason as Error);
      const timer = setTimeout(() => ended.reject(new SandboxError('SANDBOXES_UNAVAILABLE', NOT_LISTED)), withinMs);
      signal.addEventListener('abort', abort, { once: true });
      try {
        await Promise.race([opened.promise, ended.promise]);
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
      }
    },
  };
}

const NOT_LISTED = 'The API server of Kubernetes has not told which sandboxes there are; try again in a moment.';
