import { defineErrors } from '@sandpiper/protocol';

/** What tool-api as a whole can refuse; shell and files have tables of their own beside their code. */
export const errors = defineErrors({
  INVALID_REQUEST: { status: 400, message: 'The request is not as it should be: {what}.' },
  UNAUTHENTICATED: { status: 401, message: '{why}' },
  SCOPE_DENIED: { status: 403, message: '{why}' },
  ROUTE_NOT_FOUND: { status: 404, message: 'There is no {method} {path}.' },
  TOOL_NOT_FOUND: { status: 404, message: 'There is no tool {name} in this sandbox.' },
  SESSION_APPLIED: { status: 409, message: 'Another session was already set up in this sandbox.' },
  PAYLOAD_TOO_LARGE: { status: 413, message: 'The request is larger than {limitBytes} bytes.' },
  CANCELLED: { status: 499, message: 'The caller hung up before the answer.' },
  TOO_MANY_TERMINALS: { status: 429, retryable: true, message: '{limit} terminals are open already; close some.' },
  INTERNAL: { status: 500, message: 'Something in the sandbox failed that should not: {what}.' },
  SUSPENDING: {
    status: 503,
    retryable: true,
    message: 'The sandbox is being suspended; wake it and try again.',
  },
  STOPPING: { status: 503, retryable: true, message: 'The sandbox is shutting down; try again when it is back.' },
});
