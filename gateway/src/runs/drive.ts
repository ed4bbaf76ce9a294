import { CodedError } from '@sandpiper/protocol';
import type { RunOutcome } from '@sandpiper/protocol';
import { runLoop, stepsOf } from '../agent/loop.ts';
import type { LoopEnd } from '../agent/loop.ts';
import { RunInterruption } from '../agent/run-log.ts';
import type { BudgetLimits } from '../agent/budget.ts';
import type { RetryPolicy } from '../agent/retry.ts';
import type { Provider } from '../providers/provider.ts';
import type { RunsParts } from './create-runs.ts';
import type { OwnedRunLog } from './owned-run-log.ts';
import { closeInterrupted } from './recovery.ts';
import { titleSession } from './titling.ts';

export type DriveParts = RunsParts & {
  budget: BudgetLimits;
  retry: RetryPolicy;
  /** Work that may outlast the run, but not the process. */
  inBackground: (work: Promise<unknown>) => void;
};

/** Takes a run and brings it to its end, or lets go of it. Never throws. */
export async function driveRun(log: OwnedRunLog, parts: DriveParts): Promise<void> {
  const { sessionId, runId } = log;
  try {
    const partials = await parts.hub.partials(sessionId);
    const epoch = await log.own();
    if (epoch > 1) await closeInterrupted(log, partials);
    await finish(log, await work(log, parts));
  } catch (error) {
    if (error instanceof RunInterruption) return;
    // The log cannot be written, or the session is gone: the next owner sees an open run, if anyone does.
    parts.logger.error({ err: error, sessionId, runId }, 'run was abandoned');
  }
}

/** @throws RunInterruption when the run was lost or let go; a stop is an end like others */
async function work(log: OwnedRunLog, parts: DriveParts): Promise<LoopEnd | { outcome: 'stopped' }> {
  const { hub, providers, logger } = parts;
  const { sessionId, runId, signal } = log;
  const ref = (await log.state()).runs[runId]?.model ?? providers.default;
  let isTitling = false;
  const title = (provider?: Provider): void => {
    if (isTitling) return;
    isTitling = true;
    parts.inBackground(titleSession({ hub, sessionId, runId, provider, model: ref, signal, logger }));
  };
  try {
    const { provider, model } = providers.resolve(ref);
    const end = await runLoop({ ...parts, log, provider, model, signal, onAnswer: () => title(provider) });
    // A run that failed before the first answer leaves a conversation too; nobody is asked then.
    title();
    return end;
  } catch (error) {
    if (error instanceof RunInterruption && error.kind === 'stop') {
      title();
      return { outcome: 'stopped' };
    }
    // The configuration changed since the run was asked for.
    if (error instanceof CodedError) return { outcome: 'failed', error };
    throw error;
  }
}

async function finish(log: OwnedRunLog, end: { outcome: RunOutcome; error?: CodedError }): Promise<void> {
  const state = await log.state();
  const startedAt = state.runs[log.runId]?.startedAt;
  await log.append({
    type: 'run.completed',
    runId: log.runId,
    outcome: end.outcome,
    ...(end.error === undefined ? {} : { error: end.error.toEnvelope() }),
    durationMs: startedAt === undefined ? 0 : Math.max(0, Date.now() - Date.parse(startedAt)),
    steps: stepsOf(state, log.runId),
  });
}
