import type { Delta } from '@sandpiper/protocol';
import type { SessionFrame, SessionHub } from '../sessions/hub.ts';
import { readLog } from '../sessions/live-session.ts';
import type { EventStore } from '../stores/stores.ts';
import type { FrameWriter } from './frame-writer.ts';

export interface Following {
  hub: SessionHub;
  events: EventStore;
  writer: FrameWriter;
  /** Fires when the reader has gone. */
  signal: AbortSignal;
}

/**
 * Sends a session to a reader, without a gap and without a repetition, from a cursor on. The bulk of the log goes at the reader's pace; then:
 * listen, read what the log got meanwhile, send what is open, tell what was heard, and from then on what is heard.
 *
 * @param cursor  the last event the reader has; one beyond the log counts as its end, which `synced` then tells
 * @returns when the reader is up to date; what follows comes by itself until `signal` fires
 */
export async function followSession(
  { hub, events, writer, signal }: Following,
  sessionId: string,
  cursor: number,
): Promise<void> {
  let sent = Math.min(cursor, (await hub.state(sessionId)).seq);
  const tell = (frame: SessionFrame): void => {
    if (frame.kind === 'delta') writer.delta(frame.delta);
    else if (frame.event.seq > sent) {
      sent = frame.event.seq;
      writer.frame('session', JSON.stringify(frame.event), sent);
    }
  };
  const tellLog = async (): Promise<void> => {
    for await (const page of readLog(events, sessionId, sent)) {
      for (const event of page) tell({ kind: 'event', event });
      await writer.drained();
      if (signal.aborted) return;
    }
  };

  await tellLog();
  // While this is an array, the reader is not up to date and frames wait here.
  let heard: SessionFrame[] | undefined = [];
  const stop = hub.subscribe(sessionId, (frame) => (heard ? heard.push(frame) : tell(frame)));
  if (signal.aborted) {
    stop();
    return;
  }
  signal.addEventListener('abort', stop, { once: true });
  await tellLog();
  const partials = await hub.partials(sessionId);
  for (const partial of partials) writer.frame('partial', JSON.stringify(partial));
  writer.frame('synced', JSON.stringify({ seq: sent }));
  const waiting = heard;
  heard = undefined;
  for (const frame of waiting) if (!isIn(partials, frame)) tell(frame);
}

/** A delta that was heard before the partials were taken, and is part of one. Sent after it, it would cut it short for a moment. */
function isIn(partials: readonly Delta[], frame: SessionFrame): boolean {
  if (frame.kind === 'event') return false;
  const { kind, id, offset, text } = frame.delta;
  return partials.some(
    (partial) =>
      partial.kind === kind && partial.id === id && offset + text.length <= partial.offset + partial.text.length,
  );
}
