import { askUser, inputJsonSchema, planUpdate } from '@sandpiper/protocol';
import type { SessionState } from '@sandpiper/protocol';
import { readInput } from './contract-input.ts';
import type { AgentTool, CallContext } from './tool.ts';

/** The tools that act on the conversation itself. */
export function conversationTools(): AgentTool[] {
  return [
    {
      name: planUpdate.name,
      description: planUpdate.description,
      parameters: inputJsonSchema(planUpdate),
      async run(input, { log }) {
        const { items } = readInput(planUpdate, input);
        await log.append({ type: 'plan.updated', runId: log.runId, items });
        return JSON.stringify({ shown: items.length });
      },
    },
    {
      name: askUser.name,
      description: askUser.description,
      parameters: inputJsonSchema(askUser),
      async run(input, context) {
        const { question, options } = readInput(askUser, input);
        const { log, callId } = context;
        const questionId = questionIdOf(callId);
        await log.append({
          type: 'question.asked',
          questionId,
          runId: log.runId,
          callId,
          kind: 'question',
          text: question,
          options,
        });
        return waitForAnswer(context);
      },
    },
  ];
}

/** Waits for the answer to the question of a call; also for a next owner, to whom the question is still open. */
export async function waitForAnswer({ log, callId, budget, signal }: CallContext): Promise<string> {
  const { answer } = await budget.pausedFor(log.answerTo(questionIdOf(callId), signal));
  return JSON.stringify({ answer });
}

/** Whether a call that was left open waits for a person, or for its answer to be passed on. */
export function hasQuestion(state: SessionState, callId: string): boolean {
  return state.timeline.some((item) => item.kind === 'question' && item.id === questionIdOf(callId));
}

/** Derived from the call, so that a next owner finds the question of a call without a further record. */
const questionIdOf = (callId: string): string => `question-${callId}`;
