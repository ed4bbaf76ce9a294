import type { EventOf, SessionEvent, SessionState } from '@sandpiper/protocol';
import type { ChatMessage, Reply } from '@sandpiper/testing';
import type { AgentTool } from '../../agent/tools/tool.ts';
import { ended } from './run-bench.ts';
import type { RunBench } from './run-bench.ts';

export interface FinishedRun {
  id: string;
  state: SessionState;
  events: SessionEvent[];
}

/** One run from a message to its end, with the model answering as scripted. */
export async function runToEnd(bench: RunBench, replies: Reply[], text = 'Please do it'): Promise<FinishedRun> {
  bench.model.script(...replies);
  const id = await bench.newSession();
  await bench.runs.start(id, { text }, 'key');
  const state = await bench.until(id, ended);
  return { id, state, events: await bench.events(id) };
}

/** Types of events in order, without those that come when they come. */
export const typesOf = (events: SessionEvent[]): string[] =>
  events.map(({ type }) => type).filter((type) => type !== 'usage' && type !== 'session.titled');

/** What the model was sent with the streaming request of that number. */
export const sentTo = (bench: RunBench, request: number): ChatMessage[] =>
  bench.model.requests.filter(({ body }) => body.stream === true)[request]?.body.messages ?? [];

export const textOf = (message: ChatMessage | undefined): string =>
  typeof message?.content === 'string' ? message.content : JSON.stringify(message?.content);

export const outcomeOf = (events: SessionEvent[]): EventOf<'run.completed'> | undefined =>
  events.findLast((event) => event.type === 'run.completed');

export const echo: AgentTool = {
  name: 'echo',
  server: 'things',
  description: 'Says it again',
  parameters: { type: 'object' },
  run: (input, context) => {
    context.say('live ');
    return Promise.resolve(JSON.stringify(input));
  },
};
