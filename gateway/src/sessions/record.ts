import type { SessionEvent, SessionState, SessionSummary } from '@sandpiper/protocol';
import type { RecordChanges, SessionRecord } from '../stores/stores.ts';

/** What the list shows of a session. */
export function summaryOf({ ownerId: _, ...summary }: SessionRecord): SessionSummary {
  return summary;
}

/** What an event changes in the record of its session; undefined when the list need not hear of it. */
export function recordChanges(
  before: SessionState,
  after: SessionState,
  event: SessionEvent,
): RecordChanges | undefined {
  const changes: RecordChanges = {
    ...(after.title !== before.title && { title: after.title }),
    ...(after.model !== before.model && { model: after.model }),
    ...(stateOf(after) !== stateOf(before) && { state: stateOf(after) }),
    ...(after.sandbox !== before.sandbox && { sandbox: after.sandbox }),
    ...(event.type === 'message.completed' && { updatedAt: event.at }),
  };
  return Object.keys(changes).length === 0 ? undefined : changes;
}

function stateOf({ activeRunId, openQuestions }: SessionState): SessionSummary['state'] {
  if (activeRunId === null) return 'idle';
  return openQuestions.length > 0 ? 'waiting' : 'running';
}
