import { CodedError } from '@sandpiper/protocol';
import type { SessionState } from '@sandpiper/protocol';
import type { Logger } from 'pino';
import type { ArtefactStore } from '../artefacts/artefacts.ts';
import { ProviderFailure } from '../providers/errors.ts';
import type { ModelMessage, Provider } from '../providers/provider.ts';
import { Budget } from './budget.ts';
import type { BudgetLimits } from './budget.ts';
import { performCall, settleCall } from './calls.ts';
import { agentErrors } from './errors.ts';
import { toModelMessages } from './messages.ts';
import { loadPictures } from './pictures.ts';
import type { RetryPolicy } from './retry.ts';
import { RunInterruption } from './run-log.ts';
import type { RunLog } from './run-log.ts';
import { systemPrompt } from './system-prompt.ts';
import { waitForAnswer } from './tools/conversation-tools.ts';
import type { Toolbox } from './tools/tool.ts';
import { interruptionOf, takeTurn } from './turn.ts';

export interface LoopParts {
  log: RunLog;
  provider: Provider;
  model: { id: string; vision: boolean };
  toolbox: Toolbox;
  artefacts: ArtefactStore;
  budget: BudgetLimits;
  retry: RetryPolicy;
  signal: AbortSignal;
  logger: Logger;
  newId: (kind: string) => string;
  /** Called after each whole answer of the model. */
  onAnswer: () => void;
}

/** How a run ended that nobody interrupted. */
export type LoopEnd = { outcome: 'completed' } | { outcome: 'failed'; error: CodedError };

/**
 * The agent: asks the model, carries out what it calls, and asks again, until it calls nothing more. All it knows it reads from the
 * log, so that it can begin anywhere: after the person's message, or where an owner that died had come to.
 *
 * @throws RunInterruption
 */
export async function runLoop(parts: LoopParts): Promise<LoopEnd> {
  const { log, signal, logger } = parts;
  const budget = new Budget(parts.budget, stepsOf(await log.state(), log.runId), () => performance.now());
  try {
    await settleOpenQuestions(parts, budget);
    for (;;) {
      if (signal.aborted) throw interruptionOf(signal);
      budget.takeStep();
      if (await takeStep(parts, budget)) return { outcome: 'completed' };
    }
  } catch (error) {
    if (error instanceof RunInterruption) throw error;
    if (error instanceof ProviderFailure) return { outcome: 'failed', error: error.error };
    if (error instanceof CodedError) return { outcome: 'failed', error };
    // A store that fails while the run is being let go is no news.
    if (signal.aborted) throw interruptionOf(signal);
    logger.error({ err: error, sessionId: log.sessionId, runId: log.runId }, 'run failed unexpectedly');
    return { outcome: 'failed', error: agentErrors.RUN_FAILED({ runId: log.runId }, { cause: error }) };
  }
}

/** Answers of the model in a run so far. */
export function stepsOf(state: SessionState, runId: string): number {
  return state.timeline.filter((item) => item.kind === 'assistant' && item.runId === runId).length;
}

/** @returns true when the model has nothing more to do */
async function takeStep(parts: LoopParts, budget: Budget): Promise<boolean> {
  const { log, toolbox, provider, model, signal, logger } = parts;
  const tools = toolbox.list();
  const answer = await takeTurn({
    log,
    provider,
    model: model.id,
    tools: tools.map(({ name, description, parameters }) => ({ name, description, parameters })),
    messages: () => modelMessages(parts),
    retry: parts.retry,
    signal,
    newId: parts.newId,
  });
  if (answer.usage) budget.use(answer.usage);
  parts.onAnswer();
  for (const call of answer.calls) {
    if (signal.aborted) throw interruptionOf(signal);
    await performCall(call, answer.messageId, { log, tools, budget, signal, logger });
  }
  return answer.calls.length === 0;
}

async function modelMessages({ log, toolbox, model, artefacts }: LoopParts): Promise<ModelMessage[]> {
  const state = await log.state();
  const system = systemPrompt({
    hasComputer: toolbox.hasComputer,
    servers: toolbox.servers(),
    // The day on which the run began, so that the beginning of the conversation stays the same while it lasts.
    today: (state.runs[log.runId]?.startedAt ?? new Date().toISOString()).slice(0, 10),
  });
  const images = model.vision ? await loadPictures(state, log.sessionId, artefacts) : new Map<string, string>();
  return toModelMessages(state, { system, images });
}

/** Calls that an owner before left open while they waited for the person: they go on waiting. */
async function settleOpenQuestions({ log, signal, logger }: LoopParts, budget: Budget): Promise<void> {
  const { timeline } = await log.state();
  const open = timeline.filter((item) => item.kind === 'tool' && item.runId === log.runId && item.state === 'running');
  for (const call of open) await settleCall(call.id, { log, budget, signal, logger }, waitForAnswer);
}
