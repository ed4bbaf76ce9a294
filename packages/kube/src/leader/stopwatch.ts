export interface Stopwatch {
  elapsedMs(): number;
}

/**
 * Time since now by two clocks, of which the longer counts: the monotonic one stands still while a machine is suspended, and the wall
 * clock may be set back. A wall clock that is set forward ends a leadership for nothing, which costs a restart; the other way round
 * two would lead.
 */
export function startStopwatch(): Stopwatch {
  const [monotonic, wall] = [performance.now(), Date.now()];
  return { elapsedMs: () => Math.max(performance.now() - monotonic, Date.now() - wall) };
}
