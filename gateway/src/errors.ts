import { defineErrors } from '@sandpiper/protocol';

/** What the public API refuses, by stable codes. Parts with refusals of their own keep their tables beside their code. */
export const errors = defineErrors({
  INVALID_REQUEST: { status: 400, message: 'The request is not as it should be: {summary}.' },
  MALFORMED_JSON: { status: 400, message: 'The body is not valid JSON: {reason}.' },
  BODY_TOO_LARGE: { status: 413, message: 'The body is larger than the {limitBytes} bytes that are accepted here.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, message: 'The body must be sent as application/json.' },
  ROUTE_NOT_FOUND: { status: 404, message: 'There is nothing at {method} {path}.' },
  HOST_REFUSED: {
    status: 403,
    message: 'This server does not answer under the host name {host}.',
    hint: 'Add the name to SANDPIPER_ALLOWED_HOSTS if this address is meant.',
  },
  ORIGIN_REFUSED: {
    status: 403,
    message: 'Requests from the origin {origin} are refused.',
    hint: 'Add the origin to SANDPIPER_ALLOWED_ORIGINS if this page is meant.',
  },
  UNAUTHENTICATED: { status: 401, message: 'Sign in first: the access token is missing, wrong or expired.' },
  SESSION_NOT_FOUND: { status: 404, message: 'There is no session {id}.' },
  ARTEFACT_NOT_FOUND: { status: 404, message: 'There is no artefact {id} in this session, or it is no longer kept.' },
  ARTEFACT_TOO_LARGE: {
    status: 413,
    message: 'An artefact of {sizeBytes} bytes exceeds the {limitBytes} bytes that are kept.',
  },
  DISK_FULL: {
    status: 507,
    message: 'The disk that holds the data of Sandpiper is full; nothing was written.',
    hint: 'Free some space and try again.',
    retryable: true,
  },
  DATA_DIR_IN_USE: { status: 500, message: 'The data folder {dir} is in use by another Sandpiper (pid {pid}).' },
  PORT_IN_USE: { status: 500, message: 'Port {port} of {host} is already in use.' },
  ADDRESS_REFUSED: { status: 500, message: 'Cannot listen on {host} port {port}: {reason}.' },
  COMPUTERS_UNAVAILABLE: { status: 503, message: 'This installation runs no computers. {reason}' },
  COMPUTER_FAILED: { status: 503, message: 'The computer of this session does not run: {reason}' },
  COMPUTER_FINISHED: { status: 410, message: 'The computer of this session has reached the end of its life.' },
  COMPUTER_TIMEOUT: {
    status: 504,
    message: 'The computer of this session is not ready yet; it goes on starting.',
    retryable: true,
  },
  COMPUTER_CAPACITY: {
    status: 503,
    message: 'The computer of this session has to wait for room. {reason}',
    retryable: true,
    hint: 'It is started as soon as there is room; other computers that go to rest make some.',
  },
  NOT_READY: { status: 503, message: 'Not ready: {what} does not answer.', retryable: true },
  SHUTTING_DOWN: { status: 503, message: 'The server is shutting down.', retryable: true },
  INTERNAL: { status: 500, message: 'Something went wrong; it was logged as request {requestId}.', retryable: true },
});
