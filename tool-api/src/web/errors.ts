import { defineErrors } from '@sandpiper/protocol';

export const webErrors = defineErrors({
  WEB_URL_INVALID: { status: 400, message: '"{url}" is no http or https URL.' },
  WEB_UNREACHABLE: { status: 502, retryable: true, message: '{host} could not be reached: {reason}.' },
  WEB_TIMEOUT: { status: 504, retryable: true, message: '{host} did not answer completely within {timeoutMs} ms.' },
  WEB_TOO_LARGE: {
    status: 413,
    message: '{url} is larger than {limitBytes} bytes. Download it with the shell (curl -o) instead.',
  },
  WEB_REDIRECTS: { status: 502, message: '{url} redirects more than {limit} times.' },
  WEB_CONTENT_UNREADABLE: {
    status: 415,
    message:
      '{url} is {contentType}, which is not read as text. Download it with the shell (curl -o) and use a fitting program.',
  },
  SEARCH_REFUSED: {
    status: 502,
    retryable: true,
    message: '{engine} refused the search: {reason}.',
    hint: 'Try again later, open a search engine with browser_navigate, or have SANDPIPER_SEARXNG_URL set to a SearXNG that answers JSON.',
  },
});
