import type { Runs } from '../runs/runs.ts';
import type { SessionHub } from './hub.ts';

/**
 * Stops what runs in a session and waits until it has ended, `maxMs` at most: tools that do not die in that time lose their computer
 * next.
 */
export async function endRun(hub: SessionHub, runs: Runs, sessionId: string, maxMs = 5000): Promise<void> {
  const { activeRunId } = await hub.state(sessionId);
  if (activeRunId === null) return;
  const ended = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => ended.resolve(undefined), maxMs);
  const unsubscribe = hub.subscribe(sessionId, (frame) => {
    if (frame.kind === 'event' && frame.event.type === 'run.completed' && frame.event.runId === activeRunId)
      ended.resolve(undefined);
  });
  try {
    await runs.stop(sessionId, activeRunId);
    await ended.promise;
  } finally {
    clearTimeout(timer);
    unsubscribe();
  }
}
