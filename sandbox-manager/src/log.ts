import type { Logger } from 'pino';

/** The part of a pino logger that the manager uses. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
