import { issuesOf } from '@sandpiper/protocol';
import type { Request } from 'express';
import type { z } from 'zod';
import { errors } from '../errors.ts';

/**
 * Checks what came from outside.
 *
 * @throws INVALID_REQUEST with one issue per refused field
 */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(issuesOf(result.error));
}

/** The JSON body of a request, checked. Throws `UNSUPPORTED_MEDIA_TYPE` when a body came as something else. */
export function parseBody<Schema extends z.ZodType>(request: Request, schema: Schema): z.output<Schema> {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (request.body === undefined && hasBody) throw errors.UNSUPPORTED_MEDIA_TYPE();
  return parse(schema, request.body ?? {});
}

export function invalid(issues: { path: string; message: string }[]): Error {
  const first = issues[0];
  const summary = first === undefined ? 'unknown' : `${first.path === '' ? 'the value' : first.path} ${first.message}`;
  return errors.INVALID_REQUEST({ summary }, { issues });
}
