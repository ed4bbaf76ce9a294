import { z } from 'zod';
import { attachment, controlState, modelRef, sandboxState, sessionEvent } from '../session/event.ts';

/** A session as the list shows it. */
export const sessionSummary = z.object({
  id: z.string(),
  title: z.string().nullable(),
  model: modelRef.nullable(),
  /** `waiting`: a question or an approval is open. */
  state: z.enum(['idle', 'running', 'waiting']),
  sandbox: sandboxState,
  /** The last `seq` of its log. */
  lastSeq: z.int(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type SessionSummary = z.infer<typeof sessionSummary>;

/** Data of `event: sessions` on the stream. */
export const sessionListChange = z.discriminatedUnion('change', [
  z.object({ change: z.literal('upserted'), session: sessionSummary }),
  z.object({ change: z.literal('deleted'), id: z.string() }),
]);
export type SessionListChange = z.infer<typeof sessionListChange>;

/** `POST sessions` → 201 SessionSummary */
export const createSessionRequest = z.strictObject({ model: modelRef.optional() });
export type CreateSessionRequest = z.infer<typeof createSessionRequest>;

/** `PATCH sessions/{id}` → 200 SessionSummary */
export const updateSessionRequest = z.strictObject({
  title: z.string().trim().min(1).max(200).optional(),
  model: modelRef.optional(),
});
export type UpdateSessionRequest = z.infer<typeof updateSessionRequest>;

/** `GET sessions?cursor&limit`, newest change first */
export const sessionPage = z.object({ items: z.array(sessionSummary), nextCursor: z.string().nullable() });
export type SessionPage = z.infer<typeof sessionPage>;

/** `GET sessions/{id}/events?after&limit` */
export const eventPage = z.object({ items: z.array(sessionEvent), lastSeq: z.int() });
export type EventPage = z.infer<typeof eventPage>;

/**
 * `POST sessions/{id}/runs`, with an `Idempotency-Key` header; answers at once, the run goes on without the connection.
 * 409 `RUN_ACTIVE` while another run of the session has not ended.
 */
export const startRunRequest = z.strictObject({
  text: z.string().max(200_000),
  attachments: z.array(attachment).max(20).default([]),
  model: modelRef.optional(),
});
export type StartRunRequest = z.input<typeof startRunRequest>;
/** 202 */
export const startRunResponse = z.object({ runId: z.string(), messageId: z.string(), seq: z.int() });
export type StartRunResponse = z.infer<typeof startRunResponse>;

/** `POST sessions/{id}/answers` → 204 */
export const answerRequest = z.strictObject({
  questionId: z.string().min(1),
  answer: z.string().max(20_000).default(''),
  approved: z.boolean().optional(),
});
export type AnswerRequest = z.input<typeof answerRequest>;

/** `GET sessions/{id}/sandbox`, also the answer of `…/suspend` and `…/wake` */
export const sandboxView = sandboxState.extend({
  /** How it is confined, in words, with what could not be had; empty before it first started. */
  confinement: z
    .object({
      confined: z.boolean(),
      network: z.enum(['isolated', 'nat', 'none', 'host']),
      limits: z.enum(['cgroup', 'prlimit', 'none']),
      browserSandbox: z.boolean(),
      notes: z.array(z.string()),
    })
    .optional(),
  suspendedAt: z.string().optional(),
  restarts: z.int().optional(),
});
export type SandboxView = z.infer<typeof sandboxView>;

/** `POST sessions/{id}/tickets`: one-time, bound to user, session, kind and mode; fetched anew for every connect. */
export const ticketRequest = z.strictObject({
  kind: z.enum(['vnc', 'terminal']),
  /** The most the connection may ever do; whether input passes now is the control lease's decision, message by message. */
  mode: z.enum(['view', 'control']).default('view'),
  /** Names the tab, so that control taken by it passes through this connection. */
  viewerId: z.string().min(1).max(64),
});
export type TicketRequest = z.input<typeof ticketRequest>;
export const ticketResponse = z.object({
  ticket: z.string(),
  /** Path and query to open: `/ws/vnc?ticket=…` */
  url: z.string(),
  expiresAt: z.string(),
});
export type TicketResponse = z.infer<typeof ticketResponse>;

/** `POST sessions/{id}/control` → 200 ControlState; 409 `CONTROL_HELD` names who has it. `force` takes it from another person's tab. */
export const controlRequest = z.strictObject({
  action: z.enum(['take', 'release']),
  viewerId: z.string().min(1).max(64),
  force: z.boolean().default(false),
});
export type ControlRequest = z.input<typeof controlRequest>;
export const controlResponse = controlState;
