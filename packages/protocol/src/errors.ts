import { z } from 'zod';

/**
 * The one error envelope that every service of Sandpiper speaks, over HTTP, in tool results and in events.
 * `code` is stable and documented; `message` names the thing and the way out; `hint` is one more sentence for a person.
 */
export const errorEnvelope = z.object({
  code: z.string().regex(/^[A-Z][A-Z0-9_]*$/),
  message: z.string(),
  /** POSIX name (`ENOENT`, `ENOSPC`) where a system call was refused. */
  errno: z.string().optional(),
  /** True when the same call may succeed later without a change. */
  retryable: z.boolean(),
  hint: z.string().optional(),
  /** One entry per refused field of a request: `path` is dotted, `items.0.name`. */
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type ErrorEnvelope = z.infer<typeof errorEnvelope>;

export interface ErrorDefinition {
  /** HTTP status of a response that carries it. */
  status: number;
  /** May name parameters in braces: `There is no session {id}.` */
  message: string;
  retryable?: boolean;
  hint?: string;
}

export interface ErrorExtras {
  errno?: string;
  hint?: string;
  issues?: { path: string; message: string }[];
  /** After how long it is worth asking again; a response says so in `Retry-After`. */
  retryAfterMs?: number;
  cause?: unknown;
}

/** An expected failure: it has a code of an error table, and says what to do. */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code: string;
  readonly status: number;
  readonly retryable: boolean;
  readonly extras: ErrorExtras;

  constructor(code: string, definition: ErrorDefinition, message: string, extras: ErrorExtras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.code = code;
    this.status = definition.status;
    this.retryable = definition.retryable ?? false;
    const hint = extras.hint ?? definition.hint;
    this.extras = hint === undefined ? extras : { ...extras, hint };
  }

  toEnvelope(): ErrorEnvelope {
    const { errno, hint, issues } = this.extras;
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      ...(errno === undefined ? {} : { errno }),
      ...(hint === undefined ? {} : { hint }),
      ...(issues === undefined ? {} : { issues }),
    };
  }
}

type Parameters = Record<string, string | number>;
export type ErrorTable<T extends Record<string, ErrorDefinition>> = {
  [Code in keyof T]: (parameters?: Parameters, extras?: ErrorExtras) => CodedError;
};

/**
 * Makes one constructor per code of a service's error table.
 *
 *     const errors = defineErrors({ SESSION_NOT_FOUND: { status: 404, message: 'There is no session {id}.' } });
 *     throw errors.SESSION_NOT_FOUND({ id });
 */
export function defineErrors<T extends Record<string, ErrorDefinition>>(definitions: T): ErrorTable<T> {
  const table = Object.entries(definitions).map(([code, definition]) => [
    code,
    (parameters: Parameters = {}, extras: ErrorExtras = {}) =>
      new CodedError(code, definition, fill(definition.message, parameters), extras),
  ]);
  return Object.fromEntries(table) as ErrorTable<T>;
}

function fill(template: string, parameters: Parameters): string {
  return template.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => String(parameters[name] ?? placeholder));
}

/** Turns a zod error into the `issues` of an envelope, with dotted paths; `''` is the value itself. */
export function issuesOf(error: z.ZodError): { path: string; message: string }[] {
  return error.issues.flatMap((issue) => issuesAt([], issue));
}

type Path = readonly PropertyKey[];

function issuesAt(prefix: Path, issue: z.core.$ZodIssue): { path: string; message: string }[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: dotted([...path, key]), message: 'is not a known field' }));
  }
  // Of a union only the alternative that was probably meant helps: the one with the fewest complaints.
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const [meant] = issue.errors.toSorted((one, other) => one.length - other.length);
    return (meant ?? []).flatMap((inner) => issuesAt(path, inner));
  }
  return [{ path: dotted(path), message: issue.message }];
}

const dotted = (path: Path): string => path.map(String).join('.');
