/**
 * The time a small request to the gateway takes, there and back, in ms. The relay itself has no echo, and this goes the same way
 * up to the last hop. Null when there was no answer.
 */
export async function measureLatencyMs(signal: AbortSignal): Promise<number | null> {
  const started = performance.now();
  try {
    await fetch('/healthz', { cache: 'no-store', signal });
    return Math.round(performance.now() - started);
  } catch {
    return null;
  }
}
