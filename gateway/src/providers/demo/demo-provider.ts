import { setTimeout as delay } from 'node:timers/promises';
import type { ModelChunk, Provider } from '../provider.ts';
import { nextMove } from './tour.ts';

/** About the pace of a fast reader; a tour that appears at once shows nothing of how an agent works. */
const WORD_MS = 28;
const ARGUMENT_CHARS = 24;
const ARGUMENT_MS = 12;

/**
 * Stands in where no model is configured: follows a fixed tour, says so, and really calls the tools. Labelled as `demo` wherever it
 * speaks.
 *
 * @param pace  1 is natural; 0 waits for nothing
 */
export function createDemoProvider(pace = 1): Provider {
  return {
    id: 'demo',
    name: 'Demo (scripted)',
    demo: true,
    models: [{ id: 'tour', name: 'Guided tour', vision: false }],
    async *stream(request, signal): AsyncGenerator<ModelChunk> {
      const move = nextMove(request);
      const pause = (ms: number): Promise<unknown> =>
        pace === 0 ? Promise.resolve() : delay(ms * pace, undefined, { signal }).catch(() => undefined);
      for (const word of move.text.match(/\s*\S+|\s+$/g) ?? []) {
        await pause(WORD_MS);
        if (signal.aborted) return;
        yield { type: 'text', text: word };
      }
      for (const [index, call] of move.calls.entries()) {
        const text = JSON.stringify(call.arguments);
        yield { type: 'tool-call', fragment: { index, id: `demo_${index}`, name: call.name } };
        for (let at = 0; at < text.length; at += ARGUMENT_CHARS) {
          await pause(ARGUMENT_MS);
          if (signal.aborted) return;
          yield { type: 'tool-call', fragment: { index, arguments: text.slice(at, at + ARGUMENT_CHARS) } };
        }
      }
      yield { type: 'finish', reason: move.calls.length > 0 ? 'tool_calls' : 'stop' };
    },
  };
}
