import type { ColouredLine, HighlightRequest, HighlightResponse } from './highlight.worker.ts';

/** Beyond this, colours cost more than they help. */
const LONGEST_CODE = 40_000;

let worker: Worker | undefined;
let lastId = 0;
const waiting = new Map<number, (lines: ColouredLine[] | null) => void>();

/**
 * Colours code in a worker, so that the page never waits for a grammar. @returns null for a language that is not known, for code that is too
 * long, or where the browser has no workers
 */
export async function highlight(code: string, language: string): Promise<ColouredLine[] | null> {
  if (!language || code.length > LONGEST_CODE || typeof Worker === 'undefined') return null;
  worker ??= start();
  lastId += 1;
  const request: HighlightRequest = { id: lastId, code, language: language.toLowerCase() };
  const answer = new Promise<ColouredLine[] | null>((resolve) => waiting.set(request.id, resolve));
  worker.postMessage(request);
  return answer;
}

function start(): Worker {
  const started = new Worker(new URL('./highlight.worker.ts', import.meta.url), { type: 'module' });
  started.onmessage = ({ data: { id, lines } }: MessageEvent<HighlightResponse>) => {
    waiting.get(id)?.(lines);
    waiting.delete(id);
  };
  // Code without colours is still code.
  started.onerror = () => {
    for (const resolve of waiting.values()) resolve(null);
    waiting.clear();
  };
  return started;
}
