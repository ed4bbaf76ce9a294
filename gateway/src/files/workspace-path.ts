import type { Request } from 'express';
import { invalid } from '../http/requests.ts';

/**
 * The path behind `files/`, relative to the workspace; '' for the workspace itself. tool-api guards its roots on its own; here it is only
 * made sure that a path means the same on the whole way. Throws `INVALID_REQUEST`.
 */
export function workspacePathOf(request: Request): string {
  const segments: unknown = request.params['path'];
  const given = Array.isArray(segments) ? segments.map(String) : [];
  if (given.at(-1) === '') given.pop();
  check(given, 'path');
  return given.join('/');
}

/** The same for a path in a body. */
export function checkTarget(to: string): void {
  check(to.split('/'), 'to');
}

function check(segments: readonly string[], field: string): void {
  const isPlain = (segment: string): boolean =>
    segment !== '' && segment !== '.' && segment !== '..' && !/[/\0]/.test(segment) && segment.isWellFormed();
  if (segments.every(isPlain)) return;
  throw invalid([{ path: field, message: 'must be a path inside the workspace, without empty, "." or ".." segments' }]);
}
