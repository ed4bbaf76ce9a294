import type { SweepReport } from '@sandpiper/sandboxes';
import type { Logger } from 'pino';

export interface SweepParts {
  /** Ids of all sessions that exist. */
  sessionIds: () => Promise<ReadonlySet<string>>;
  /** Marks computers whose session is not among them. */
  sweepSessions: (known: ReadonlySet<string>) => SweepReport | Promise<SweepReport>;
  log: Pick<Logger, 'error'>;
  everyMs?: number;
}

const DAY_MS = 24 * 60 * 60_000;

/**
 * Finds computers whose session is gone, now and once a day; they sleep for a week before they are deleted. A sweep that
 * fails is logged, and tried again the next day.
 *
 * @returns the way to stop
 */
export function sweepDaily({ sessionIds, sweepSessions, log, everyMs = DAY_MS }: SweepParts): () => void {
  const sweep = (): void => {
    sessionIds()
      .then(sweepSessions)
      .catch((error: unknown) => log.error({ err: error }, 'the sweep for lost computers failed'));
  };
  sweep();
  const timer = setInterval(sweep, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
