import type { SessionListChange } from '@sandpiper/protocol';
import { Router, type Request, type Response } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Access, Caller } from '../auth/access.ts';
import { parse } from '../http/requests.ts';
import type { Bus } from '../sessions/bus.ts';
import type { SessionHub } from '../sessions/hub.ts';
import type { EventStore } from '../stores/stores.ts';
import { FrameWriter } from './frame-writer.ts';
import { followSession } from './follow-session.ts';

export interface StreamParts {
  access: Access;
  hub: SessionHub;
  events: EventStore;
  listChanges: Bus<SessionListChange>;
  log: Logger;
  meter?: { streamOpened(): void; streamClosed(): void };
}

export interface StreamRoutes {
  readonly router: Router;
  /** Ends every stream; readers come back with their cursors. */
  close(): void;
}

const PING_MS = 10_000;

const query = z.strictObject({
  session: z.string().min(1).max(100).optional(),
  after: z.coerce.number().int().min(0).optional(),
});
const lastEventId = z.object({ 'Last-Event-ID': z.coerce.number().int().min(0).optional() });

/** `GET events`: one Server-Sent-Events stream per tab, as `stream.ts` of the protocol describes it. */
export function createStreamRoutes(parts: StreamParts): StreamRoutes {
  const router = Router();
  const open = new Set<Response>();

  router.get('/events', parts.access.authenticate, async (request, response) => {
    const { session, cursor } = readQuery(request);
    const caller = parts.access.callerOf(request);
    if (session !== undefined) await parts.access.ownSession(caller, session);
    open.add(response);
    response.once('close', () => open.delete(response));
    serve(parts, caller, response, session, cursor);
  });

  return {
    router,
    close() {
      for (const response of open) response.end();
    },
  };
}

/** The header is what an automatic reconnect sends, and knows more than the address it was opened with. */
function readQuery(request: Request): { session: string | undefined; cursor: number } {
  const { session, after } = parse(query, request.query);
  const { 'Last-Event-ID': last } = parse(lastEventId, { 'Last-Event-ID': request.get('Last-Event-ID') });
  return { session, cursor: last ?? after ?? 0 };
}

function serve(
  parts: StreamParts,
  caller: Caller,
  response: Response,
  session: string | undefined,
  cursor: number,
): void {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    // `no-transform` and the nginx header keep proxies from compressing or collecting what should flow.
    'Cache-Control': 'no-cache, no-transform',
    'X-Accel-Buffering': 'no',
  });
  response.flushHeaders();

  const writer = new FrameWriter({
    write: (text, written) => void response.write(text, () => written()),
    get queuedBytes() {
      return response.writableLength;
    },
    cutOff: () => response.destroy(),
  });
  const left = new AbortController();
  const stopListChanges = parts.listChanges.subscribe(caller.user.id, (change) => {
    writer.frame('sessions', JSON.stringify(change));
  });
  const ping = setInterval(() => writer.frame('ping', JSON.stringify({ at: new Date().toISOString() })), PING_MS);
  // A sign-out or a removed account ends the stream with the token; a page that may go on comes back with a new one.
  const expiry = setTimeout(() => response.end(), Math.max(0, caller.tokenExpiresAtMs - Date.now()));
  parts.meter?.streamOpened();
  response.once('close', () => {
    left.abort();
    clearInterval(ping);
    clearTimeout(expiry);
    stopListChanges();
    writer.close();
    parts.meter?.streamClosed();
  });

  if (session === undefined) return;
  followSession({ hub: parts.hub, events: parts.events, writer, signal: left.signal }, session, cursor).catch(
    (error: unknown) => {
      parts.log.error({ err: error, sessionId: session }, 'a stream ended');
      response.end();
    },
  );
}
