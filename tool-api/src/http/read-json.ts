import type { IncomingMessage } from 'node:http';
import { errors } from '../errors.ts';

/**
 * Reads a request's body as JSON, whatever its content type says: there is nothing else it could be. No body is `{}`.
 *
 * @throws PAYLOAD_TOO_LARGE, INVALID_REQUEST, CANCELLED
 */
export async function readJson(request: IncomingMessage, limitBytes: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      // What is too much is read all the same, and thrown away: a caller cut off in mid-sentence would not hear why.
      if (sizeBytes <= limitBytes) chunks.push(chunk);
      else chunks.length = 0;
    }
  } catch (error) {
    throw errors.CANCELLED({}, { cause: error });
  }
  if (sizeBytes > limitBytes) throw errors.PAYLOAD_TOO_LARGE({ limitBytes });
  if (sizeBytes === 0) return {};
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch (error) {
    const what = 'the body is not valid JSON';
    throw errors.INVALID_REQUEST({ what }, { cause: error, issues: [{ path: '', message: what }] });
  }
}
