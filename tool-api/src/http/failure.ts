import { CodedError, issuesOf } from '@sandpiper/protocol';
import { z } from 'zod';
import { errors } from '../errors.ts';

/** What body parsers throw, see https://github.com/stream-utils/raw-body and body-parser's README. */
const bodyError = z.object({ type: z.string(), status: z.number(), limit: z.number().optional() });

/** Any thrown value as one of our errors; what was not expected becomes INTERNAL, with itself as the cause. */
export function toCodedError(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  const body = bodyError.safeParse(error);
  if (body.success) return fromBodyParser(body.data, error);
  // Express throws URIError for a path such as /%ff.
  if (error instanceof URIError) return errors.INVALID_REQUEST({ what: 'the path is not valid percent-encoded UTF-8' });
  const what = error instanceof Error ? error.message : String(error);
  return errors.INTERNAL({ what }, { cause: error });
}

function fromBodyParser(error: z.infer<typeof bodyError>, cause: unknown): CodedError {
  if (error.status === 413) return errors.PAYLOAD_TOO_LARGE({ limitBytes: error.limit ?? 0 }, { cause });
  if (error.status === 415) return errors.UNSUPPORTED_MEDIA_TYPE({}, { cause });
  if (error.type === 'request.aborted') return errors.CANCELLED({}, { cause });
  const what = 'the body is not valid JSON';
  return errors.INVALID_REQUEST({ what }, { cause, issues: [{ path: '', message: what }] });
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
