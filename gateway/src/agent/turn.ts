import { setTimeout as delay } from 'node:timers/promises';
import { ProviderFailure, providerErrors } from '../providers/errors.ts';
import type { ModelMessage, ModelTool, Provider } from '../providers/provider.ts';
import { Answer } from './answer.ts';
import { maxAttemptsFor, nextDelayMs } from './retry.ts';
import type { RetryPolicy } from './retry.ts';
import { RunInterruption } from './run-log.ts';
import type { RunLog } from './run-log.ts';

export interface TurnParts {
  log: RunLog;
  provider: Provider;
  model: string;
  tools: ModelTool[];
  /** Derived anew for each attempt: one that broke off after it had spoken is part of the conversation. */
  messages: () => Promise<ModelMessage[]>;
  retry: RetryPolicy;
  signal: AbortSignal;
  newId: (kind: string) => string;
}

/**
 * Has the model answer once, with bounded retries that show as `run.retried`, and appends the answer as `message.completed`. What a
 * failed or stopped attempt had already shown is kept as a message that is marked as interrupted, never taken back.
 *
 * @throws ProviderFailure when no attempt succeeded
 * @throws RunInterruption
 */
export async function takeTurn(parts: TurnParts): Promise<Answer> {
  const { log, provider, signal } = parts;
  // The same call of a next attempt replaces what the failed one had begun to show of it.
  const callIds: string[] = [];
  const callIdAt = (place: number): string => (callIds[place] ??= parts.newId('call'));

  for (let attempt = 1; ; attempt++) {
    const messages = await parts.messages();
    const answer = new Answer({
      messageId: parts.newId('message'),
      demo: provider.demo,
      callIdAt,
      grow: (delta) => log.grow(delta),
      now: () => performance.now(),
    });
    const failure = await attemptOnce(answer, messages, parts);
    if (answer.usage) {
      const model = { provider: provider.id, model: parts.model };
      await log.append({ type: 'usage', runId: log.runId, model, ...answer.usage });
    }
    if (failure === undefined) {
      await complete(answer, parts, false);
      return answer;
    }
    if (answer.text !== '' || answer.reasoning !== '') await complete(answer, parts, true);
    if (failure instanceof RunInterruption) throw failure;
    const delayMs = nextDelayMs(failure, attempt, parts.retry, Math.random());
    if (delayMs === undefined) throw failure;
    await log.append({
      type: 'run.retried',
      runId: log.runId,
      attempt: attempt + 1,
      maxAttempts: maxAttemptsFor(failure.error, parts.retry),
      delayMs,
      error: failure.error.toEnvelope(),
    });
    await pause(delayMs, signal);
  }
}

/** @returns why the answer is not whole, if it is not */
async function attemptOnce(
  answer: Answer,
  messages: ModelMessage[],
  { provider, model, tools, signal }: TurnParts,
): Promise<ProviderFailure | RunInterruption | undefined> {
  try {
    for await (const chunk of provider.stream({ model, messages, tools }, signal)) answer.take(chunk);
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    return error;
  }
  if (signal.aborted) return interruptionOf(signal);
  const names = { provider: provider.name, model };
  // A connection that ends without a finish reason was cut, however politely.
  if (answer.finishReason === undefined) return new ProviderFailure(providerErrors.PROVIDER_STREAM_CUT(names));
  if (answer.isEmpty) return new ProviderFailure(providerErrors.PROVIDER_EMPTY_ANSWER(names));
  return undefined;
}

async function complete(answer: Answer, { log, provider }: TurnParts, interrupted: boolean): Promise<void> {
  const { reasoningMs } = answer;
  await log.append({
    type: 'message.completed',
    messageId: answer.messageId,
    runId: log.runId,
    role: 'assistant',
    // A cut may fall between the halves of a surrogate pair.
    text: answer.text.toWellFormed(),
    ...(answer.reasoning === '' ? {} : { reasoning: answer.reasoning.toWellFormed() }),
    ...(reasoningMs === undefined ? {} : { reasoningMs }),
    interrupted,
    demo: provider.demo,
  });
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    throw interruptionOf(signal);
  }
}

export function interruptionOf(signal: AbortSignal): RunInterruption {
  return signal.reason instanceof RunInterruption ? signal.reason : new RunInterruption('closing');
}
