import { CodedError, defineErrors } from '@sandpiper/protocol';

export const browserErrors = defineErrors({
  BROWSER_UNAVAILABLE: {
    status: 503,
    retryable: true,
    message: 'The browser does not answer: {reason}',
    hint: 'It is restarted by itself when it crashed; try again in a few seconds.',
  },
  URL_INVALID: { status: 400, message: '"{url}" cannot be opened: {reason}.' },
  NAVIGATION_FAILED: { status: 502, retryable: true, message: '{url} could not be opened: {reason}.' },
  ELEMENT_STALE: {
    status: 409,
    message: 'There is no element {ref} on the page as it is now. Take a new browser_snapshot and use its references.',
  },
  ELEMENT_NOT_EDITABLE: { status: 422, message: '{ref} is not a field that takes text: {reason}.' },
  TARGET_MISSING: { status: 400, message: 'Say what to click: ref, or x and y.' },
  ACTION_TIMEOUT: { status: 504, retryable: true, message: '{action} did not work within {timeoutMs} ms: {reason}.' },
  ACTION_FAILED: { status: 422, message: '{action} failed: {reason}.' },
  SCRIPT_FAILED: { status: 422, message: 'The script failed: {reason}' },
  SCRIPT_TIMEOUT: { status: 504, message: 'The script did not end within {timeoutMs} ms and was stopped.' },
  TAB_NOT_FOUND: { status: 404, message: 'There is no tab {tab}. Open ones are: {tabs}.' },
  PAGE_BUSY: {
    status: 504,
    message: 'The page is busy and does not answer. Close it with browser_tabs, action close, and open it again.',
  },
  PAGE_CRASHED: {
    status: 502,
    retryable: true,
    message: 'The page crashed. Load it again with browser_navigate, action reload.',
  },
  KEY_UNKNOWN: {
    status: 400,
    message: '"{key}" is no key that the browser knows. Use names like Enter, ArrowDown, a or ctrl+a.',
  },
});

/** Playwright's refusals in words for a model: what was tried, why it did not work, without call logs and colours. */
export function explainFailure(error: unknown, action: string, timeoutMs: number): Error {
  if (error instanceof CodedError) return error;
  if (!(error instanceof Error)) return browserErrors.ACTION_FAILED({ action, reason: String(error) });
  const extras = { cause: error };
  if (/Target crashed|Page crashed/.test(error.message)) return browserErrors.PAGE_CRASHED({}, extras);
  if (/has been closed|browser has disconnected|Connection closed/i.test(error.message)) {
    return browserErrors.BROWSER_UNAVAILABLE({ reason: 'the page or the browser was closed meanwhile.' }, extras);
  }
  if (error.name === 'AbortError') return error;
  const reason = reasonOf(error.message);
  return error.name === 'TimeoutError'
    ? browserErrors.ACTION_TIMEOUT({ action, timeoutMs, reason }, extras)
    : browserErrors.ACTION_FAILED({ action, reason }, extras);
}

/** The line of a playwright message (the reason stands in its call log) that tells most. */
export function reasonOf(message: string): string {
  const lines = message
    .replaceAll(/\u001b\[[0-9;]*m/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*-?\s*/, '').trim())
    .filter((line) => line !== '' && line !== 'Call log:');
  const telling = lines.findLast((line) =>
    /intercepts pointer events|is not (visible|enabled|stable|editable)|outside of the viewport|was detached/.test(
      line,
    ),
  );
  const first = (lines[0] ?? message).replace(/^(\w+\.)?\w+: (?=\S)/, '').replace(/^Error: /, '');
  return (telling ?? first).replace(/[.:]+$/, '').slice(0, 500);
}
