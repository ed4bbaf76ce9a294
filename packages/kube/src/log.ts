import { pino, type Logger } from 'pino';

/** What this package needs of a logger; a pino logger is one. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** For whoever passes none: errors must not vanish. */
export function defaultLog(): Log {
  return pino({ name: 'kube' });
}
