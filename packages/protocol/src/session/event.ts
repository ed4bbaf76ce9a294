import { z } from 'zod';
import { errorEnvelope } from '../errors.ts';

/*
 * A session is an append-only list of these events, numbered 1, 2, 3 … Everything else (what the model is sent, what the UI
 * shows, snapshots) is derived from them by `reduce`. Only finished facts are stored; what is still growing travels as
 * `Delta`s (stream.ts) and is replaced by the fact when it is complete.
 */

const runId = z.string();
const callId = z.string();

/** A file of the workspace that a person attached to a message; already uploaded, `path` is relative to the workspace. */
export const attachment = z.strictObject({
  path: z.string().min(1).max(4096),
  name: z.string().min(1).max(255),
  sizeBytes: z.int().min(0),
  mimeType: z.string().max(255).optional(),
});
export type Attachment = z.infer<typeof attachment>;

/** What was seen during a call, kept for looking back: `GET /api/v1/sessions/{id}/artefacts/{artefactId}`. */
export const artefact = z.object({
  id: z.string(),
  kind: z.enum(['screenshot', 'terminal', 'file-before', 'file-after']),
  mimeType: z.string(),
  sizeBytes: z.int(),
  /** The workspace path, for files. */
  path: z.string().optional(),
});
export type Artefact = z.infer<typeof artefact>;

export const planItem = z.object({
  id: z.string(),
  text: z.string(),
  status: z.enum(['pending', 'active', 'done', 'skipped']),
});
export type PlanItem = z.infer<typeof planItem>;

export const modelRef = z.strictObject({ provider: z.string().min(1).max(64), model: z.string().min(1).max(200) });
export type ModelRef = z.infer<typeof modelRef>;

export const sandboxPhase = z.enum([
  'none',
  'creating',
  'starting-tools',
  'starting-desktop',
  'ready',
  'suspending',
  'suspended',
  'failed',
  'finished',
  'unavailable',
]);
export type SandboxPhaseName = z.infer<typeof sandboxPhase>;

export const sandboxState = z.object({
  phase: sandboxPhase,
  /** CamelCase reason of the resource's condition: `Idle`, `CrashLoop`, `NoConfinement` … */
  reason: z.string().optional(),
  /** A sentence for a person. */
  message: z.string().optional(),
});
export type SandboxState = z.infer<typeof sandboxState>;

/** Who may move mouse and keyboard now. `viewerId` names the tab that holds it. */
export const controlState = z.object({
  holder: z.enum(['agent', 'person']),
  userId: z.string().optional(),
  name: z.string().optional(),
  viewerId: z.string().optional(),
});
export type ControlState = z.infer<typeof controlState>;

export const question = z.object({
  questionId: z.string(),
  runId,
  callId: callId.optional(),
  kind: z.enum(['question', 'approval']),
  text: z.string(),
  /** Suggested answers, as buttons; a free answer is always possible for `question`. */
  options: z.array(z.string()).max(10).default([]),
});
export type Question = z.infer<typeof question>;

export const usage = z.object({
  inputTokens: z.int(),
  outputTokens: z.int(),
  cachedTokens: z.int().optional(),
});
export type Usage = z.infer<typeof usage>;

export const runOutcome = z.enum(['completed', 'stopped', 'failed']);
export type RunOutcome = z.infer<typeof runOutcome>;

export const eventBody = z.discriminatedUnion('type', [
  z.object({ type: z.literal('session.created'), model: modelRef.nullable() }),
  z.object({ type: z.literal('session.titled'), title: z.string(), by: z.enum(['person', 'agent']) }),
  z.object({ type: z.literal('session.model.changed'), model: modelRef }),

  z.object({
    type: z.literal('message.completed'),
    messageId: z.string(),
    runId: runId.optional(),
    role: z.enum(['user', 'assistant']),
    text: z.string(),
    /** The model's visible thoughts, where it shows any, and how long it thought. */
    reasoning: z.string().optional(),
    reasoningMs: z.int().optional(),
    attachments: z.array(attachment).default([]),
    /** True when the stream ended before the message did: a stop, a crash, an error of the provider. */
    interrupted: z.boolean().default(false),
    /** Set where the scripted demo provider speaks, never for a model. */
    demo: z.boolean().default(false),
  }),

  z.object({ type: z.literal('run.requested'), runId, messageId: z.string(), model: modelRef }),
  /** A replica takes the run. An owner that meets a higher epoch stops for good. */
  z.object({ type: z.literal('run.owned'), runId, epoch: z.int().min(1), owner: z.string() }),
  z.object({
    type: z.literal('run.retried'),
    runId,
    attempt: z.int(),
    maxAttempts: z.int(),
    delayMs: z.int(),
    error: errorEnvelope,
  }),
  /** Stop was asked for; the run ends with outcome `stopped` as soon as its tools have died. */
  z.object({ type: z.literal('run.stop.requested'), runId }),
  z.object({
    type: z.literal('run.completed'),
    runId,
    outcome: runOutcome,
    error: errorEnvelope.optional(),
    durationMs: z.int(),
    steps: z.int(),
  }),

  z.object({
    type: z.literal('tool.started'),
    runId,
    callId,
    /** The assistant message that made the call. */
    messageId: z.string(),
    name: z.string(),
    /** For a tool of an MCP server: its name in `mcp.json`. */
    server: z.string().optional(),
    input: z.record(z.string(), z.unknown()),
  }),
  z.object({
    type: z.literal('tool.completed'),
    runId,
    callId,
    outcome: z.enum(['ok', 'error', 'stopped', 'interrupted']),
    /** What the model is told, as text (JSON where the tool answers JSON); bounded to 32 kB. */
    output: z.string(),
    error: errorEnvelope.optional(),
    durationMs: z.int(),
    artefacts: z.array(artefact).default([]),
  }),

  z.object({ type: z.literal('plan.updated'), runId, items: z.array(planItem) }),
  question.extend({ type: z.literal('question.asked') }),
  z.object({
    type: z.literal('question.answered'),
    questionId: z.string(),
    answer: z.string(),
    approved: z.boolean().optional(),
  }),
  usage.extend({ type: z.literal('usage'), runId, model: modelRef }),
  sandboxState.extend({ type: z.literal('sandbox.phase') }),
  controlState.extend({ type: z.literal('control.changed') }),
]);
/** What is appended: the event without its place in the log. */
export type EventBody = z.infer<typeof eventBody>;
export type EventInput = z.input<typeof eventBody>;

const position = z.object({
  /** 1, 2, 3 … without gaps within a session. */
  seq: z.int().min(1),
  /** When it was appended: ISO 8601, UTC. */
  at: z.string(),
});
export const sessionEvent = z.intersection(position, eventBody);
export type SessionEvent = z.infer<typeof position> & EventBody;
export type EventOf<Type extends EventBody['type']> = Extract<SessionEvent, { type: Type }>;
