import type { EventOf, SessionEvent, Usage } from './event.ts';
import { applyOffset } from './growing-text.ts';
import type { Delta } from './stream.ts';
import type { AssistantMessageItem, NoticeItem, RunState, SessionState, TimelineItem, ToolCallItem } from './state.ts';

/**
 * Folds events into a session. Pure: the given state is left as it is; items that did not change keep their identity, so that
 * a view can skip them. Events at or below `state.seq` are ignored, which makes a repeated delivery harmless.
 *
 * @throws RangeError when an event would leave a gap: its sender lost something, and the receiver must ask again
 */
export function reduce(state: SessionState, events: readonly SessionEvent[]): SessionState {
  const fresh = events.filter((event) => event.seq > state.seq);
  if (fresh.length === 0) return state;
  // One copy per batch, then every step works on the copy.
  const draft: SessionState = { ...state, timeline: [...state.timeline], runs: { ...state.runs } };
  for (const event of fresh) {
    if (event.seq <= draft.seq) continue;
    if (event.seq !== draft.seq + 1)
      throw new RangeError(`Event ${event.seq} follows ${draft.seq}: events are missing.`);
    draft.seq = event.seq;
    fold(draft, event);
  }
  return draft;
}

/** Folds live growth into a session. Deltas of something that is already complete are late, and ignored. */
export function applyDelta(state: SessionState, delta: Delta): SessionState {
  if (state.runs[delta.runId]?.outcome) return state;
  const draft: SessionState = { ...state, timeline: [...state.timeline] };
  const applied =
    delta.kind === 'text' || delta.kind === 'reasoning' ? growMessage(draft, delta) : growToolCall(draft, delta);
  return applied ? draft : state;
}

function fold(draft: SessionState, event: SessionEvent): void {
  switch (event.type) {
    case 'session.created':
    case 'session.model.changed':
      draft.model = event.model;
      return;
    case 'session.titled':
      draft.title = event.title;
      return;
    case 'message.completed': {
      foldMessage(draft, event);
      return;
    }
    case 'run.requested':
      draft.activeRunId = event.runId;
      draft.plan = null;
      draft.runs[event.runId] = {
        runId: event.runId,
        model: event.model,
        epoch: 0,
        stopRequested: false,
        outcome: null,
        startedAt: event.at,
        endedAt: null,
      };
      return;
    case 'run.owned': {
      foldOwner(draft, event);
      return;
    }
    case 'run.retried':
      // A call that the failed attempt had begun to write may not come again.
      dropUnfinished(draft, event.runId);
      pushNotice(draft, event, 'retrying', event.error, {
        attempt: event.attempt,
        maxAttempts: event.maxAttempts,
        delayMs: event.delayMs,
      });
      return;
    case 'run.stop.requested': {
      changeRun(draft, event.runId, { stopRequested: true });
      return;
    }
    case 'run.completed': {
      foldRunEnd(draft, event);
      return;
    }
    case 'tool.started': {
      foldToolStart(draft, event);
      return;
    }
    case 'tool.completed': {
      changeTool(draft, event.callId, {
        state: event.outcome,
        output: event.output,
        error: event.error ?? null,
        durationMs: event.durationMs,
        artefacts: event.artefacts,
        live: null,
      });
      return;
    }
    case 'plan.updated':
      draft.plan = { runId: event.runId, items: event.items };
      return;
    case 'question.asked': {
      const { type: _, seq, at, ...question } = event;
      draft.openQuestions = [...draft.openQuestions, question];
      draft.timeline.push({
        kind: 'question',
        id: question.questionId,
        seq,
        at,
        question,
        answer: null,
        approved: null,
      });
      return;
    }
    case 'question.answered':
      draft.openQuestions = draft.openQuestions.filter((open) => open.questionId !== event.questionId);
      change(draft, 'question', event.questionId, (item) => ({
        ...item,
        answer: event.answer,
        approved: event.approved ?? null,
      }));
      return;
    case 'usage':
      draft.usage = addUsage(draft.usage, event);
      return;
    case 'sandbox.phase': {
      const { type: _, seq: _seq, at: _at, ...sandbox } = event;
      draft.sandbox = sandbox;
      return;
    }
    case 'control.changed': {
      const { type: _, seq: _seq, at: _at, ...control } = event;
      draft.control = control;
      return;
    }
  }
}

/** Absent cached tokens mean that no provider has told of any, which is not the same as none. */
function addUsage(sum: Usage, { inputTokens, outputTokens, cachedTokens }: Usage): Usage {
  const cached = cachedTokens === undefined ? sum.cachedTokens : (sum.cachedTokens ?? 0) + cachedTokens;
  return {
    inputTokens: sum.inputTokens + inputTokens,
    outputTokens: sum.outputTokens + outputTokens,
    ...(cached === undefined ? {} : { cachedTokens: cached }),
  };
}

function foldMessage(draft: SessionState, event: EventOf<'message.completed'>): void {
  if (event.role === 'user') {
    const { messageId: id, seq, at, text, attachments } = event;
    draft.timeline.push({ kind: 'user', id, seq, at, text, attachments });
    return;
  }
  const item: AssistantMessageItem = {
    kind: 'assistant',
    id: event.messageId,
    seq: event.seq,
    at: event.at,
    runId: event.runId ?? '',
    text: event.text,
    reasoning: event.reasoning ?? '',
    reasoningMs: event.reasoningMs ?? null,
    state: event.interrupted ? 'interrupted' : 'done',
    demo: event.demo,
  };
  put(draft, item);
}

/** A second owner means the first one died: what it had left open is closed by events of the new one. */
function foldOwner(draft: SessionState, event: EventOf<'run.owned'>): void {
  changeRun(draft, event.runId, { epoch: event.epoch });
  if (event.epoch === 1) return;
  dropUnfinished(draft, event.runId);
  pushNotice(draft, event, 'resumed', null);
}

function foldRunEnd(draft: SessionState, event: EventOf<'run.completed'>): void {
  changeRun(draft, event.runId, { outcome: event.outcome, endedAt: event.at });
  if (draft.activeRunId === event.runId) draft.activeRunId = null;
  draft.openQuestions = draft.openQuestions.filter((question) => question.runId !== event.runId);
  dropUnfinished(draft, event.runId);
  if (event.outcome === 'completed') return;
  pushNotice(draft, event, event.outcome, event.error ?? null);
}

function foldToolStart(draft: SessionState, event: EventOf<'tool.started'>): void {
  put(draft, {
    kind: 'tool',
    id: event.callId,
    seq: event.seq,
    at: event.at,
    runId: event.runId,
    messageId: event.messageId,
    name: event.name,
    server: event.server ?? null,
    input: event.input,
    inputText: '',
    live: null,
    state: 'running',
    output: null,
    error: null,
    durationMs: null,
    artefacts: [],
  });
}

function growMessage(draft: SessionState, delta: Delta): boolean {
  const held = find(draft, 'assistant', delta.id);
  if (held && held.state !== 'streaming') return false;
  const item: AssistantMessageItem = held ?? {
    kind: 'assistant',
    id: delta.id,
    seq: 0,
    at: null,
    runId: delta.runId,
    text: '',
    reasoning: '',
    reasoningMs: null,
    state: 'streaming',
    demo: delta.demo ?? false,
  };
  const field = delta.kind === 'text' ? 'text' : 'reasoning';
  if (leavesGap(item[field], delta)) return false;
  put(draft, { ...item, [field]: applyOffset({ base: 0, text: item[field] }, delta.offset, delta.text).text });
  return true;
}

function growToolCall(draft: SessionState, delta: Delta): boolean {
  const held = find(draft, 'tool', delta.id);
  if (delta.kind === 'tool-output') {
    if (held?.state !== 'running') return false;
    put(draft, { ...held, live: applyOffset(held.live ?? undefined, delta.offset, delta.text) });
    return true;
  }
  if (held && held.state !== 'preparing') return false;
  const item: ToolCallItem = held ?? {
    kind: 'tool',
    id: delta.id,
    seq: 0,
    at: null,
    runId: delta.runId,
    messageId: null,
    name: delta.toolName ?? '',
    server: null,
    input: null,
    inputText: '',
    live: null,
    state: 'preparing',
    output: null,
    error: null,
    durationMs: null,
    artefacts: [],
  };
  if (leavesGap(item.inputText, delta)) return false;
  const { text } = applyOffset({ base: 0, text: item.inputText }, delta.offset, delta.text);
  put(draft, { ...item, name: delta.toolName ?? item.name, inputText: text });
  return true;
}

/**
 * Messages, thoughts and inputs are whole from their beginning. What comes behind a gap is left out until the fact brings all of it: shown
 * without what was before, it would read as something else.
 */
function leavesGap(held: string, { offset }: Delta): boolean {
  return offset > held.length;
}

function pushNotice(
  draft: SessionState,
  { seq, at, runId }: EventOf<'run.retried' | 'run.owned' | 'run.completed'>,
  notice: NoticeItem['notice'],
  error: NoticeItem['error'],
  attempt: Pick<NoticeItem, 'attempt' | 'maxAttempts' | 'delayMs'> = {},
): void {
  draft.timeline.push({ kind: 'notice', id: `notice-${seq}`, seq, at, runId, notice, error, ...attempt });
}

/** What only ever was a delta has no fact behind it once its run is over or taken by another owner. */
function dropUnfinished(draft: SessionState, runId: string): void {
  draft.timeline = draft.timeline.flatMap((item) => {
    if ((item.kind !== 'assistant' && item.kind !== 'tool') || item.runId !== runId) return [item];
    if (item.seq === 0) return [];
    return item.kind === 'tool' && item.live !== null ? [{ ...item, live: null }] : [item];
  });
}

function changeRun(draft: SessionState, runId: string, changes: Partial<RunState>): void {
  const run = draft.runs[runId];
  if (run) draft.runs[runId] = { ...run, ...changes };
}

function changeTool(draft: SessionState, callId: string, changes: Partial<ToolCallItem>): void {
  change(draft, 'tool', callId, (item) => ({ ...item, ...changes }));
}

type ItemOf<Kind extends TimelineItem['kind']> = Extract<TimelineItem, { kind: Kind }>;

function find<Kind extends TimelineItem['kind']>(
  draft: SessionState,
  kind: Kind,
  id: string,
): ItemOf<Kind> | undefined {
  // What changes is nearly always near the end.
  return draft.timeline.findLast((item): item is ItemOf<Kind> => item.kind === kind && item.id === id);
}

function change<Kind extends TimelineItem['kind']>(
  draft: SessionState,
  kind: Kind,
  id: string,
  update: (item: ItemOf<Kind>) => ItemOf<Kind>,
): void {
  const index = draft.timeline.findLastIndex((item) => item.kind === kind && item.id === id);
  const held = draft.timeline[index];
  if (held) draft.timeline[index] = update(held as ItemOf<Kind>);
}

/** Replaces the item of that kind and id, or appends it. */
function put(draft: SessionState, item: TimelineItem): void {
  const index = draft.timeline.findLastIndex((held) => held.kind === item.kind && held.id === item.id);
  if (index === -1) draft.timeline.push(item);
  else draft.timeline[index] = item;
}
