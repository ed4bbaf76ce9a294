import { z } from 'zod';

/*
 * What travels on `GET /api/v1/events`, one Server-Sent-Events stream per tab:
 *
 *   event: session    id: <seq>   data: SessionEvent     a stored fact; its id is the cursor for `Last-Event-ID` or `?after=`
 *   event: partial                data: Delta            on subscribing: what an open stream holds so far
 *   event: delta                  data: Delta            live growth
 *   event: synced                 data: {seq}            the log has been sent up to here; from now on it is live
 *   event: sessions               data: SessionListChange
 *   event: ping                   data: {at}             every 10 s
 *
 * Only `session` carries an id, so a reconnect resumes at a fact and never in the middle of a text.
 */

/** What is growing: an assistant's text or thoughts (`id` = messageId), a call's input or live output (`id` = callId). */
export const deltaKind = z.enum(['text', 'reasoning', 'tool-input', 'tool-output']);
export type DeltaKind = z.infer<typeof deltaKind>;

export const delta = z.object({
  kind: deltaKind,
  id: z.string(),
  runId: z.string(),
  /**
   * Where `text` begins in the whole, in UTF-16 code units. The receiver keeps what lies before and replaces what lies behind.
   * `tool-output` may begin above 0 when its head was dropped: then what was held is thrown away.
   */
  offset: z.int().min(0),
  text: z.string(),
  /** `tool-input`: the tool that is being called, as soon as its name is known. */
  toolName: z.string().optional(),
  /** True where the scripted demo provider speaks. */
  demo: z.boolean().optional(),
});
export type Delta = z.infer<typeof delta>;
