import { commandStreamEvent, type CommandStreamEvent } from '@sandpiper/protocol';
import { connectionError, instanceErrors } from './errors.ts';
import type { Transport } from './transport.ts';

export interface FollowOptions {
  stream?: 'stdout' | 'stderr';
  /** In bytes; where to begin. */
  offset?: number;
  signal?: AbortSignal;
}

/** Twice what tool-api puts into one frame, escaped. */
const MAX_FRAME_CHARS = 1024 * 1024;
/** It says something every 10 s, if only that it is there. */
const SILENCE_MS = 30_000;

/** Output of a command from an offset on, live, until its exit. Ends without one when the signal aborts. */
export async function* followCommand(
  transport: Transport,
  commandId: string,
  { stream = 'stdout', offset = 0, signal }: FollowOptions = {},
): AsyncGenerator<CommandStreamEvent> {
  try {
    const answer = await transport.send({
      method: 'GET',
      path: `/v1/commands/${encodeURIComponent(commandId)}/stream?stream=${stream}&offset=${offset.toString()}`,
      scope: 'tools',
      signal,
      timeoutMs: SILENCE_MS,
    });
    for await (const data of serverSentData(answer.body)) {
      const event = commandStreamEvent.safeParse(data);
      if (!event.success)
        throw instanceErrors.INSTANCE_ANSWER_INVALID({ why: 'an unknown event' }, { cause: event.error });
      yield event.data;
      if (event.data.type === 'exit') return;
    }
  } catch (error) {
    if (signal?.aborted) return;
    throw connectionError(error, signal);
  }
}

/** The JSON data of each event. tool-api writes one `data:` line per event. */
async function* serverSentData(body: AsyncIterable<Buffer>): AsyncGenerator {
  const decoder = new TextDecoder();
  let buffered = '';
  for await (const chunk of body) {
    buffered += decoder.decode(chunk, { stream: true });
    const frames = buffered.split('\n\n');
    buffered = frames.pop() ?? '';
    if (buffered.length > MAX_FRAME_CHARS)
      throw instanceErrors.INSTANCE_ANSWER_TOO_LARGE({ limitBytes: MAX_FRAME_CHARS });
    for (const frame of frames) {
      const line = frame.split('\n').find((candidate) => candidate.startsWith('data: '));
      if (line === undefined) continue;
      yield parseJson(line.slice('data: '.length));
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
