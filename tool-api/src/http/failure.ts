import { CodedError, issuesOf } from '@sandpiper/protocol';
import type { z } from 'zod';
import { errors } from '../errors.ts';

/** Any thrown value as one of our errors; what was not expected becomes INTERNAL, with itself as the cause. */
export function toCodedError(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  // Express throws URIError for a path such as /%ff.
  if (error instanceof URIError) return errors.INVALID_REQUEST({ what: 'the path is not valid percent-encoded UTF-8' });
  const what = error instanceof Error ? error.message : String(error);
  return errors.INTERNAL({ what }, { cause: error });
}

/** Parses a value that came in a request, with the place it came from in the message. Throws INVALID_REQUEST. */
export function parseRequest<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = issuesOf(parsed.error);
  throw errors.INVALID_REQUEST(
    { what: issues.map(({ path, message }) => `${path || 'body'} ${message}`).join('; ') },
    { issues },
  );
}
