import type { ErrorEnvelope } from '../errors.ts';
import type {
  Artefact,
  Attachment,
  ControlState,
  ModelRef,
  PlanItem,
  Question,
  RunOutcome,
  SandboxState,
  Usage,
} from './event.ts';
import type { GrowingText } from './growing-text.ts';

/** What a session is, after its events: the input of the UI and of the model's messages alike. Treated as immutable. */
export interface SessionState {
  /** The last event that is folded in; 0 for none. */
  seq: number;
  title: string | null;
  model: ModelRef | null;
  /** Everything a person scrolls through, in order. */
  timeline: TimelineItem[];
  runs: Record<string, RunState>;
  /** The run that has not ended, if any: a session has one at a time. */
  activeRunId: string | null;
  plan: { runId: string; items: PlanItem[] } | null;
  openQuestions: Question[];
  sandbox: SandboxState;
  control: ControlState;
  usage: Usage;
}

export interface RunState {
  runId: string;
  model: ModelRef;
  /** Highest `run.owned` epoch; 0 before anyone took it. */
  epoch: number;
  stopRequested: boolean;
  outcome: RunOutcome | null;
  startedAt: string;
  endedAt: string | null;
}

export interface UserMessageItem {
  kind: 'user';
  id: string;
  seq: number;
  at: string;
  text: string;
  attachments: Attachment[];
}

export interface AssistantMessageItem {
  kind: 'assistant';
  id: string;
  /** 0 while only deltas are known. */
  seq: number;
  at: string | null;
  runId: string;
  text: string;
  reasoning: string;
  reasoningMs: number | null;
  state: 'streaming' | 'done' | 'interrupted';
  demo: boolean;
}

export interface ToolCallItem {
  kind: 'tool';
  id: string;
  /** 0 while only its input streams in. */
  seq: number;
  at: string | null;
  runId: string;
  messageId: string | null;
  name: string;
  server: string | null;
  input: Record<string, unknown> | null;
  /** The input's JSON while it streams in. */
  inputText: string;
  /** Live output; replaced by `output` when the call is complete. */
  live: GrowingText | null;
  state: 'preparing' | 'running' | 'ok' | 'error' | 'stopped' | 'interrupted';
  output: string | null;
  error: ErrorEnvelope | null;
  durationMs: number | null;
  artefacts: Artefact[];
}

export interface QuestionItem {
  kind: 'question';
  id: string;
  seq: number;
  at: string;
  question: Question;
  answer: string | null;
  approved: boolean | null;
}

/** Something that happened to the run: a retry, an error, a stop, a continuation after a crash. */
export interface NoticeItem {
  kind: 'notice';
  id: string;
  seq: number;
  at: string;
  runId: string;
  notice: 'retrying' | 'failed' | 'stopped' | 'resumed';
  error: ErrorEnvelope | null;
  /** `retrying`: which attempt of how many, and how long until then. */
  attempt?: number;
  maxAttempts?: number;
  delayMs?: number;
}

export type TimelineItem = UserMessageItem | AssistantMessageItem | ToolCallItem | QuestionItem | NoticeItem;

export const emptySession: SessionState = {
  seq: 0,
  title: null,
  model: null,
  timeline: [],
  runs: {},
  activeRunId: null,
  plan: null,
  openQuestions: [],
  sandbox: { phase: 'none' },
  control: { holder: 'agent' },
  usage: { inputTokens: 0, outputTokens: 0 },
};
