import type { ServerResponse } from 'node:http';

/** Aborted when the caller hangs up before the whole answer is out: that is how a person's Stop reaches what runs here. */
export function signalOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
