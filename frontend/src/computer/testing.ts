import { emptySession, reduce } from '@sandpiper/protocol';
import type { Artefact, EventInput, SessionEvent, SessionState } from '@sandpiper/protocol';
import { eventBody } from '@sandpiper/protocol';

/** A session after these events, numbered in order: what tests of the panel look at. */
export function sessionAfter(...bodies: EventInput[]): SessionState {
  const events: SessionEvent[] = bodies.map((body, index) => ({
    ...eventBody.parse(body),
    seq: index + 1,
    at: '2026-01-01T00:00:00.000Z',
  }));
  return reduce(emptySession, events);
}

export const model = { provider: 'demo', model: 'demo' };

/** The beginning of a run. */
export const runBegins = (runId = 'r1'): EventInput[] => [
  { type: 'run.requested', runId, messageId: `${runId}-m`, model },
  { type: 'run.owned', runId, epoch: 1, owner: 'test' },
];

export const runEnds = (runId = 'r1'): EventInput => ({
  type: 'run.completed',
  runId,
  outcome: 'completed',
  durationMs: 1,
  steps: 1,
});

export const callBegins = (
  callId: string,
  name: string,
  input: Record<string, unknown> = {},
  runId = 'r1',
): EventInput => ({
  type: 'tool.started',
  runId,
  callId,
  messageId: 'm',
  name,
  input,
});

export const callEnds = (callId: string, artefacts: Artefact[] = [], runId = 'r1', output = ''): EventInput => ({
  type: 'tool.completed',
  runId,
  callId,
  outcome: 'ok',
  output,
  durationMs: 1,
  artefacts,
});

export const artefact = (id: string, kind: Artefact['kind'], path?: string): Artefact => ({
  id,
  kind,
  mimeType: 'text/plain',
  sizeBytes: 1,
  ...(path === undefined ? {} : { path }),
});
