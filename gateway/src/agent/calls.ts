import { CodedError } from '@sandpiper/protocol';
import type { Artefact, EventInput } from '@sandpiper/protocol';
import type { Logger } from 'pino';
import type { Budget } from './budget.ts';
import { boundText } from './bounded-text.ts';
import { agentErrors } from './errors.ts';
import type { RunLog } from './run-log.ts';
import { parseArguments } from './tool-call-assembly.ts';
import type { AssembledCall } from './tool-call-assembly.ts';
import type { AgentTool, CallContext } from './tools/tool.ts';
import { interruptionOf } from './turn.ts';

type ToolCompleted = Extract<EventInput, { type: 'tool.completed' }>;
type Result = Pick<ToolCompleted, 'outcome' | 'output' | 'error'>;

export interface CallParts {
  log: RunLog;
  tools: readonly AgentTool[];
  budget: Budget;
  signal: AbortSignal;
  logger: Logger;
}

/**
 * Carries out one call of the model: `tool.started`, the work, `tool.completed`. Whatever goes wrong is told to the model, which may
 * try again in another way; only an interruption of the run is thrown.
 *
 * @throws RunInterruption
 */
export async function performCall(call: AssembledCall, messageId: string, parts: CallParts): Promise<void> {
  const { log, tools } = parts;
  const tool = tools.find(({ name }) => name === call.name);
  const input = readArguments(call);
  await log.append({
    type: 'tool.started',
    runId: log.runId,
    callId: call.callId,
    messageId,
    name: call.name === '' ? 'unknown' : call.name,
    ...(tool?.server === undefined ? {} : { server: tool.server }),
    input: input instanceof CodedError ? {} : input,
  });
  await settleCall(call.callId, parts, (context) => {
    if (tool === undefined) throw agentErrors.TOOL_UNKNOWN({ name: call.name });
    if (input instanceof CodedError) throw input;
    return tool.run(input, context);
  });
}

/** Does the work of a call that was started, by this owner or one before, and appends how it ended. */
export async function settleCall(
  callId: string,
  { log, budget, signal, logger }: Omit<CallParts, 'tools'>,
  work: (context: CallContext) => Promise<string>,
): Promise<void> {
  const startedAt = performance.now();
  const artefacts: Artefact[] = [];
  let offset = 0;
  const context: CallContext = {
    log,
    callId,
    budget,
    signal,
    say(text) {
      if (text === '') return;
      log.grow({ kind: 'tool-output', id: callId, offset, text });
      offset += text.length;
    },
    keep: (artefact) => void artefacts.push(artefact),
  };
  const result = await resultOf(work, context, logger);
  await log.append({
    type: 'tool.completed',
    runId: log.runId,
    callId,
    ...result,
    durationMs: Math.round(performance.now() - startedAt),
    artefacts,
  });
  if (result.outcome === 'stopped') throw interruptionOf(signal);
}

async function resultOf(
  work: (context: CallContext) => Promise<string>,
  context: CallContext,
  logger: Logger,
): Promise<Result> {
  try {
    if (context.signal.aborted) throw interruptionOf(context.signal);
    return { outcome: 'ok', output: boundText((await work(context)).toWellFormed()) };
  } catch (error) {
    if (context.signal.aborted) {
      const interruption = interruptionOf(context.signal);
      if (interruption.kind !== 'stop') throw interruption;
      return { outcome: 'stopped', output: '' };
    }
    const known = error instanceof CodedError ? error : unexpected(error, context, logger);
    const envelope = known.toEnvelope();
    const text = [`${envelope.code}: ${envelope.message}`, envelope.hint ?? '']
      .filter((line) => line !== '')
      .join('\n');
    return { outcome: 'error', output: boundText(text.toWellFormed()), error: envelope };
  }
}

function unexpected(error: unknown, { log, callId }: CallContext, logger: Logger): CodedError {
  logger.error({ err: error, sessionId: log.sessionId, runId: log.runId, callId }, 'tool call failed unexpectedly');
  const reason = error instanceof Error ? error.message : String(error);
  return agentErrors.TOOL_FAILED({ name: 'The call', reason: reason.slice(0, 500) }, { cause: error });
}

function readArguments({ name, argumentsText }: AssembledCall): Record<string, unknown> | CodedError {
  try {
    return parseArguments(argumentsText);
  } catch (error) {
    const reason = (error as Error).message.slice(0, 200);
    return agentErrors.TOOL_INPUT_NOT_JSON({ name, reason, start: argumentsText.slice(0, 200) });
  }
}
