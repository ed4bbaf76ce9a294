import { setTimeout as delay } from 'node:timers/promises';

/** Rejects with a TimeoutError when the promise takes longer; what it waited for goes on. */
export async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  const settled = new AbortController();
  const tooLate = delay(timeoutMs, undefined, { signal: settled.signal }).then(() => {
    throw Object.assign(new Error(`It took longer than ${timeoutMs} ms.`), { name: 'TimeoutError' });
  });
  tooLate.catch(() => undefined);
  return Promise.race([promise, tooLate]).finally(() => settled.abort());
}

/** Rejects as soon as the signal is aborted; what it waited for goes on. */
export async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const stop = Promise.withResolvers<never>();
  const onAbort = (): void => stop.reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([promise, stop.promise]).finally(() => signal.removeEventListener('abort', onAbort));
}
