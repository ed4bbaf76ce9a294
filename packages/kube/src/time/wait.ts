/** Resolves after `ms`, or as soon as one of the signals aborts: whoever waits looks at its signal next. */
export async function wait(ms: number, ...signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  if (signals.some((signal) => signal?.aborted)) return;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const wake = (): void => resolve(undefined);
  const timer = setTimeout(wake, ms);
  for (const signal of signals) signal?.addEventListener('abort', wake);
  await promise;
  clearTimeout(timer);
  for (const signal of signals) signal?.removeEventListener('abort', wake);
}
