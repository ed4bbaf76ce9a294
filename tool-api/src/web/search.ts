import { webSearch } from '@sandpiper/protocol';
import { z } from 'zod';
import { defineTool, type Tool } from '../tool.ts';
import { download } from './download.ts';
import { parseDocument } from './html.ts';
import { webErrors } from './errors.ts';

interface Result {
  title: string;
  url: string;
  excerpt: string;
}

export interface SearchOptions {
  /** A SearXNG that answers JSON; without one, DuckDuckGo's page for browsers without scripts is read. */
  searxngUrl: string | undefined;
}

const MAX_EXCERPT_CHARS = 500;

export function searchTool({ searxngUrl }: SearchOptions): Tool {
  return defineTool({
    ...webSearch,
    handler: async ({ query, count, timeoutMs }, { signal }) => {
      const engine = searxngUrl === undefined ? ('duckduckgo' as const) : ('searxng' as const);
      const address = searxngUrl === undefined ? duckDuckGo(query) : searxng(searxngUrl, query);
      const accept = engine === 'searxng' ? 'application/json' : 'text/html';
      const { status, bytes } = await download(address, { signal, timeoutMs, accept });
      if (status !== 200) throw webErrors.SEARCH_REFUSED({ engine, reason: `it answered ${status}` });
      const body = bytes.toString('utf8');
      const results = engine === 'searxng' ? parseSearxng(body) : await parseDuckDuckGo(body);
      return { engine, results: results.slice(0, count) };
    },
  });
}

function searxng(base: string, query: string): string {
  const url = new URL('search', base.endsWith('/') ? base : `${base}/`);
  url.search = new URLSearchParams({ q: query, format: 'json' }).toString();
  return url.href;
}

function duckDuckGo(query: string): string {
  return `https://html.duckduckgo.com/html/?${new URLSearchParams({ q: query }).toString()}`;
}

/** https://docs.searxng.org/dev/search_api.html */
const searxngAnswer = z.object({
  results: z.array(z.object({ title: z.string(), url: z.string(), content: z.string().nullish() })),
});

export function parseSearxng(body: string): Result[] {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    throw webErrors.SEARCH_REFUSED(
      { engine: 'searxng', reason: 'it does not answer JSON; allow it in its settings' },
      { cause: error },
    );
  }
  const answer = searxngAnswer.safeParse(json);
  if (!answer.success) throw webErrors.SEARCH_REFUSED({ engine: 'searxng', reason: 'its answer has another form' });
  return answer.data.results.map(({ title, url, content }) => ({ title, url, excerpt: shorten(content ?? '') }));
}

/** Results without advertisements; addresses are unwrapped from DuckDuckGo's redirect (`/l/?uddg=`). */
export async function parseDuckDuckGo(html: string): Promise<Result[]> {
  const document = await parseDocument(html);
  const found = [...document.querySelectorAll('.result:not(.result--ad)')].flatMap((result) => {
    const link = result.querySelector('a.result__a');
    const url = link && unwrap(link.getAttribute('href') ?? '');
    if (!link || !url) return [];
    const excerpt = shorten(result.querySelector('.result__snippet')?.textContent ?? '');
    return [{ title: (link.textContent ?? '').trim(), url, excerpt }];
  });
  if (found.length === 0 && !/no-results|No results/.test(html)) {
    throw webErrors.SEARCH_REFUSED({
      engine: 'duckduckgo',
      reason: 'it asks whether a person is there, or its page has changed',
    });
  }
  return found;
}

function unwrap(href: string): string | undefined {
  const base = 'https://html.duckduckgo.com/';
  if (!URL.canParse(href, base)) return undefined;
  const url = new URL(href, base);
  const target = url.hostname.endsWith('duckduckgo.com') ? url.searchParams.get('uddg') : url.href;
  return target !== null && /^https?:/.test(target) ? target : undefined;
}

function shorten(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, MAX_EXCERPT_CHARS);
}
