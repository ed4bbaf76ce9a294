import { once } from 'node:events';
import type { CommandStreamEvent } from '@sandpiper/protocol';
import type { Response } from 'express';
import { z } from 'zod';
import type { Route } from '../group.ts';
import { signalOf } from '../http/call-signal.ts';
import { parseRequest } from '../http/failure.ts';
import type { Command } from './command.ts';
import type { Commands } from './commands.ts';
import { decodeOutput } from './output-text.ts';

const FRAME_BYTES = 64 * 1024;
const PING_MS = 10_000;

const query = z.strictObject({
  stream: z.enum(['stdout', 'stderr']).default('stdout'),
  offset: z.coerce.number().int().min(0).default(0),
});

/** `GET /v1/commands/{id}/stream`: output from an offset, then live, then the exit, as server-sent events. */
export function commandStreamRoute(commands: Commands): Route {
  return {
    method: 'get',
    path: '/v1/commands/:id/stream',
    scopes: ['tools', 'view'],
    summary: 'Output of a command from a byte offset, live (text/event-stream)',
    // The command counts; somebody who watches its output does not.
    isWork: false,
    handler: async (request, response) => {
      const { stream, offset } = parseRequest(query, request.query);
      const command = commands.find(String(request.params['id']));
      const resumed = Number(request.get('last-event-id') ?? NaN);
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      const ping = setInterval(() => response.write(':\n\n'), PING_MS);
      try {
        const from = Number.isSafeInteger(resumed) && resumed >= 0 ? resumed : offset;
        await follow(command, stream, from, response, signalOf(response));
      } finally {
        clearInterval(ping);
      }
      response.end();
    },
  };
}

async function follow(
  command: Command,
  stream: 'stdout' | 'stderr',
  from: number,
  response: Response,
  signal: AbortSignal,
): Promise<void> {
  const log = command[stream];
  const hasEnded = new AbortController();
  void command.ended.then(() => hasEnded.abort());
  const change = AbortSignal.any([signal, hasEnded.signal]);
  let offset = from;
  while (!signal.aborted) {
    // Looked at before reading, so that what was written until the end is read after it.
    const isOver = command.state !== 'running';
    const piece = await log.read(offset, FRAME_BYTES);
    const isEnd = isOver && piece.offset + piece.bytes.length >= log.totalBytes;
    const { text, consumed } = decodeOutput(piece.bytes, isEnd);
    if (consumed > 0) {
      offset = piece.offset + consumed;
      await send(response, { type: 'output', offset: piece.offset, nextOffset: offset, text }, signal);
      continue;
    }
    if (isOver) {
      await send(response, { type: 'exit', status: command.status() }, signal);
      return;
    }
    // An unfinished UTF-8 sequence is waited for beyond its own bytes; a stream that ended early waits for the command.
    if (log.isEnded) await Promise.race([command.ended, once(signal, 'abort')]);
    else await log.waitFor(piece.offset + piece.bytes.length, change);
  }
}

async function send(response: Response, event: CommandStreamEvent, signal: AbortSignal): Promise<void> {
  const id = event.type === 'output' ? `id: ${event.nextOffset.toString()}\n` : '';
  const isRoomLeft = response.write(`event: ${event.type}\n${id}data: ${JSON.stringify(event)}\n\n`);
  if (!isRoomLeft && !signal.aborted) await once(response, 'drain', { signal }).catch(() => undefined);
}
