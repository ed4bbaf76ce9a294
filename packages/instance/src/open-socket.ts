import type { IncomingMessage } from 'node:http';
import type { Scope } from '@sandpiper/capability';
import { WebSocket } from 'ws';
import { answeredError, instanceErrors } from './errors.ts';
import { socketPathOf, type Transport } from './transport.ts';

export interface OpenSocketOptions {
  scope: Scope;
  subject?: string;
  signal?: AbortSignal;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const MAX_REFUSAL_BYTES = 64 * 1024;

/**
 * Opens a WebSocket into the sandbox. It is handed over paused, so that no message is lost before the caller listens: call `resume()`.
 *
 * @throws the sandbox's own refusal, or INSTANCE_UNREACHABLE
 */
export async function openSocket(
  transport: Transport,
  address: string,
  path: string,
  options: OpenSocketOptions,
): Promise<WebSocket> {
  const { scope, subject, signal } = options;
  signal?.throwIfAborted();
  const socketPath = socketPathOf(address);
  const url =
    socketPath === undefined
      ? `${address.replace(/^http/, 'ws').replace(/\/$/, '')}${path}`
      : `ws+unix:${socketPath}:${path}`;
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${transport.token(scope, subject)}` },
    perMessageDeflate: false,
    followRedirects: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  const opened = Promise.withResolvers<WebSocket>();
  const abort = (): void => {
    opened.reject(signal?.reason as Error);
    socket.terminate();
  };
  signal?.addEventListener('abort', abort, { once: true });
  socket.once('open', () => {
    socket.pause();
    opened.resolve(socket);
  });
  socket.once('unexpected-response', (_request, response) => {
    void readRefusal(response).then((error) => {
      opened.reject(error);
      socket.terminate();
    });
  });
  // Stays for good: without a listener a connection that breaks later would end the process.
  socket.on('error', (error) =>
    opened.reject(instanceErrors.INSTANCE_UNREACHABLE({ why: error.message }, { cause: error })),
  );
  try {
    return await opened.promise;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

async function readRefusal(response: IncomingMessage): Promise<Error> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > MAX_REFUSAL_BYTES) break;
      chunks.push(chunk);
    }
    return answeredError(response.statusCode ?? 502, JSON.parse(Buffer.concat(chunks).toString('utf8')));
  } catch (error) {
    return instanceErrors.INSTANCE_ANSWER_INVALID({ why: 'a refusal that cannot be read' }, { cause: error });
  }
}
