import { createHash } from 'node:crypto';
import { startRunRequest } from '@sandpiper/protocol';
import type { ModelRef, SessionState, StartRunRequest, StartRunResponse } from '@sandpiper/protocol';
import type { Logger } from 'pino';
import type { BudgetLimits } from '../agent/budget.ts';
import { defaultBudget } from '../agent/budget.ts';
import type { RetryPolicy } from '../agent/retry.ts';
import { defaultRetryPolicy } from '../agent/retry.ts';
import type { Toolbox } from '../agent/tools/tool.ts';
import type { ArtefactStore } from '../artefacts/artefacts.ts';
import type { Providers } from '../providers/providers.ts';
import type { SessionHub } from '../sessions/hub.ts';
import { driveRun } from './drive.ts';
import { runErrors } from './errors.ts';
import { OwnedRunLog } from './owned-run-log.ts';
import type { Runs } from './runs.ts';

export interface RunsParts {
  hub: SessionHub;
  providers: Providers;
  toolbox: Toolbox;
  artefacts: ArtefactStore;
  /** Ids of sessions in which a run has not ended. */
  listActive: () => Promise<string[]>;
  logger: Logger;
  newId: (kind: string) => string;
  budget?: BudgetLimits;
  retry?: RetryPolicy;
}

interface OwnedRun {
  log: OwnedRunLog;
  done: Promise<void>;
}

/** The runs that this replica owns. */
export function createRuns(parts: RunsParts): Runs {
  const { hub, providers, logger, newId } = parts;
  const owned = new Map<string, OwnedRun>();
  const turns = new Map<string, Promise<unknown>>();
  const background = new Set<Promise<unknown>>();
  let closed = false;

  /** One at a time for each session, so that of two messages at once one finds the other's run. */
  const inTurn = <T>(sessionId: string, work: () => Promise<T>): Promise<T> => {
    const result = (turns.get(sessionId) ?? Promise.resolve()).then(work);
    const settled = result.catch(() => undefined);
    turns.set(sessionId, settled);
    void settled.then(() => turns.get(sessionId) === settled && turns.delete(sessionId));
    return result;
  };

  const take = (sessionId: string, runId: string): void => {
    if (closed || owned.has(runId)) return;
    const log = new OwnedRunLog(hub, sessionId, runId, newId('owner'));
    const done = driveRun(log, {
      ...parts,
      budget: parts.budget ?? defaultBudget,
      retry: parts.retry ?? defaultRetryPolicy,
      inBackground(work) {
        background.add(work);
        void work.finally(() => background.delete(work));
      },
    }).finally(() => {
      log.close();
      owned.delete(runId);
    });
    owned.set(runId, { log, done });
  };

  return {
    start(sessionId, request, idempotencyKey) {
      return inTurn(sessionId, async () => {
        if (closed) throw runErrors.RUNS_CLOSED();
        const ids = idsOf(sessionId, idempotencyKey);
        const state = await hub.state(sessionId);
        const earlier = earlierAnswer(state, ids);
        if (earlier) return earlier;
        if (state.activeRunId !== null) throw runErrors.RUN_ACTIVE();
        const response = await appendRun(hub, sessionId, state, request, {
          ...ids,
          model: chooseModel(providers, state, request),
        });
        take(sessionId, ids.runId);
        return response;
      });
    },

    stop(sessionId, runId) {
      return inTurn(sessionId, async () => {
        const run = (await hub.state(sessionId)).runs[runId];
        if (run === undefined) throw runErrors.RUN_NOT_FOUND({ runId });
        if (run.outcome !== null) return;
        // The owner hears it, wherever it is.
        if (!run.stopRequested) await hub.append(sessionId, { type: 'run.stop.requested', runId });
        take(sessionId, runId);
      });
    },

    answer(sessionId, { questionId, answer = '', approved }) {
      return inTurn(sessionId, async () => {
        const question = (await hub.state(sessionId)).openQuestions.find((open) => open.questionId === questionId);
        if (question === undefined) throw runErrors.QUESTION_NOT_OPEN({ questionId });
        const decision = approved === undefined ? {} : { approved };
        await hub.append(sessionId, { type: 'question.answered', questionId, answer, ...decision });
        take(sessionId, question.runId);
      });
    },

    async resume() {
      for (const sessionId of await parts.listActive()) {
        const runId = (await hub.state(sessionId)).activeRunId;
        if (runId === null || owned.has(runId)) continue;
        logger.info({ sessionId, runId }, 'run resumed');
        take(sessionId, runId);
      }
    },

    async close() {
      closed = true;
      await Promise.all(turns.values());
      for (const { log } of owned.values()) log.interrupt('closing');
      await Promise.all([...owned.values()].map(({ done }) => done));
      await Promise.all(background);
    },
  };
}

interface RunIds {
  runId: string;
  messageId: string;
}

/** Derived from the key: so the log itself remembers which keys were used, in the same write as the run. */
function idsOf(sessionId: string, idempotencyKey: string): RunIds {
  const digest = createHash('sha256').update(`${sessionId}\n${idempotencyKey}`).digest('hex').slice(0, 32);
  return { runId: `run-${digest}`, messageId: `message-${digest}` };
}

function earlierAnswer(state: SessionState, { runId, messageId }: RunIds): StartRunResponse | undefined {
  const message = state.timeline.find((item) => item.kind === 'user' && item.id === messageId);
  return state.runs[runId] && message ? { runId, messageId, seq: message.seq } : undefined;
}

function chooseModel(providers: Providers, state: SessionState, request: StartRunRequest): ModelRef {
  const ref = request.model ?? state.model ?? providers.default;
  providers.resolve(ref);
  return ref;
}

async function appendRun(
  hub: SessionHub,
  sessionId: string,
  state: SessionState,
  request: StartRunRequest,
  { runId, messageId, model }: RunIds & { model: ModelRef },
): Promise<StartRunResponse> {
  const { text, attachments } = startRunRequest.parse(request);
  if (text.trim() === '' && attachments.length === 0) throw runErrors.EMPTY_MESSAGE();
  const chosen = request.model;
  if (chosen && (chosen.provider !== state.model?.provider || chosen.model !== state.model.model)) {
    await hub.append(sessionId, { type: 'session.model.changed', model: chosen });
  }
  // There already when a crash came between the message and its run.
  const there = state.timeline.find((item) => item.kind === 'user' && item.id === messageId);
  const seq =
    there?.seq ??
    (await hub.append(sessionId, { type: 'message.completed', messageId, runId, role: 'user', text, attachments })).seq;
  await hub.append(sessionId, { type: 'run.requested', runId, messageId, model });
  return { runId, messageId, seq };
}
