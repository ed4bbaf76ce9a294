import type { Agent, AgentSurroundings } from '../gateway.ts';

export const TEST_MODEL = { provider: 'test', model: 'scripted' };

/**
 * A stand-in for the agent in tests of what surrounds it: it records that a run was asked for and says nothing; the test says what happens, by
 * the hub. The real one has tests of its own.
 */
export function createScriptedAgent({ hub }: AgentSurroundings): Agent {
  return {
    runs: {
      async start(sessionId, request, key) {
        const runId = `run-${key}`;
        const messageId = `message-${key}`;
        const { text, attachments = [], model = TEST_MODEL } = request;
        await hub.append(sessionId, { type: 'message.completed', messageId, runId, role: 'user', text, attachments });
        const { seq } = await hub.append(sessionId, { type: 'run.requested', runId, messageId, model });
        return { runId, messageId, seq };
      },
      async stop(sessionId, runId) {
        await hub.append(sessionId, { type: 'run.completed', runId, outcome: 'stopped', durationMs: 1, steps: 0 });
      },
      async answer(sessionId, { questionId, answer = '' }) {
        await hub.append(sessionId, { type: 'question.answered', questionId, answer });
      },
      resume: () => Promise.resolve(),
      close: () => Promise.resolve(),
    },
    models: () => ({ providers: [], default: TEST_MODEL }),
    checkModel: () => undefined,
    mcpServers: () => ({ servers: [] }),
    close: () => Promise.resolve(),
  };
}
