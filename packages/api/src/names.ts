import { createHash } from 'node:crypto';
import { z } from 'zod';

/** Ids of sessions are label values, so that resources can be found by them. */
export const sessionId = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/, 'must be letters, digits, dashes, dots and underscores');

/**
 * Name of the Sandbox of a session: the same every time, so that creating it twice meets the first. Ids that are DNS labels stay
 * legible; others are hashed, because changing case or characters could make two of them meet.
 */
export function sandboxName(session: string): string {
  if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(session) && session.length <= 48) return `sbx-${session}`;
  return `sbh-${createHash('sha256').update(session).digest('hex').slice(0, 40)}`;
}
