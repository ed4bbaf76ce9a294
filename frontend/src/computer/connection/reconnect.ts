/** What the pill shows. */
export type ConnectionState =
  | { kind: 'idle' }
  | { kind: 'connecting' }
  | { kind: 'live' }
  /** The connection was lost; `attempt` counts from 1. */
  | { kind: 'reconnecting'; attempt: number }
  /** It did not come back for a while, or this device has no network; attempts go on, slowly. */
  | { kind: 'offline' };

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;
/** After this many failures in a row (about half a minute) hope is no longer the news. */
const OFFLINE_AFTER = 6;

/**
 * How long to wait before an attempt: exponential with half of it random, so that many tabs do not come back at once.
 *
 * @param attempt  1 for the first after a loss
 * @param random   0 ≤ random < 1
 */
export function reconnectDelayMs(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/** What to call the state before an attempt. */
export function stateBeforeAttempt(attempt: number, deviceOnline: boolean): ConnectionState {
  if (!deviceOnline || attempt > OFFLINE_AFTER) return { kind: 'offline' };
  return { kind: 'reconnecting', attempt };
}
