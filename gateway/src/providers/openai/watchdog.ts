export interface StreamTimeouts {
  /** From the request to the first chunk. */
  firstChunkMs: number;
  betweenChunksMs: number;
}

export interface Watchdog {
  /** Aborted by the caller's signal, or when nothing came in time. */
  signal: AbortSignal;
  /** Set once it was the watchdog that aborted: how long it had waited. */
  readonly barkedAfterMs: number | undefined;
  /** Something came. Costs next to nothing: it is called for every token. */
  fed(): void;
  stop(): void;
}

/** Aborts a stream that hangs: before its first chunk, or between two. */
export function startWatchdog(outer: AbortSignal, timeouts: StreamTimeouts): Watchdog {
  const controller = new AbortController();
  const pass = (): void => controller.abort(outer.reason);
  if (outer.aborted) pass();
  else outer.addEventListener('abort', pass, { once: true });
  let limitMs = timeouts.firstChunkMs;
  let barkedAfterMs: number | undefined;
  let lastFedAt = performance.now();

  // One timer looks from time to time; moving it with each token would cost more than the token.
  const look = (): void => {
    const silentMs = performance.now() - lastFedAt;
    if (silentMs < limitMs) {
      timer = setTimeout(look, limitMs - silentMs + 1);
      return;
    }
    barkedAfterMs = limitMs;
    controller.abort(new Error(`Nothing for ${limitMs} ms`));
  };
  let timer = setTimeout(look, limitMs);

  return {
    signal: controller.signal,
    get barkedAfterMs() {
      return barkedAfterMs;
    },
    fed() {
      lastFedAt = performance.now();
      if (limitMs === timeouts.betweenChunksMs) return;
      limitMs = timeouts.betweenChunksMs;
      clearTimeout(timer);
      timer = setTimeout(look, limitMs);
    },
    stop() {
      clearTimeout(timer);
      outer.removeEventListener('abort', pass);
    },
  };
}
