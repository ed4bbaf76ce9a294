import { z } from 'zod';
import { defineToolContract } from './tool.ts';

export const webFetch = defineToolContract({
  name: 'web_fetch',
  title: 'Read a web page',
  description:
    'Fetches an http(s) URL and returns it as readable text: HTML pages as Markdown of their main content, JSON and text as they are. Faster than the browser, but without JavaScript or logins; where those matter use browser_navigate. Long texts come in parts: pass the returned nextOffset. PDF and other binary formats are not read; download them with the shell.',
  input: z.strictObject({
    url: z.string().min(1).max(8192),
    offset: z.int().min(0).default(0),
    maxChars: z.int().min(500).max(100_000).default(20_000),
    raw: z.boolean().default(false).describe('The HTML source instead of readable text.'),
    timeoutMs: z.int().min(1000).max(60_000).default(20_000),
  }),
  output: z.object({
    /** After redirects. */
    url: z.string(),
    status: z.int(),
    contentType: z.string(),
    title: z.string().optional(),
    /** What `text` is: `markdown` made from HTML, or the source as it came. */
    format: z.enum(['markdown', 'html', 'json', 'text']),
    text: z.string(),
    totalChars: z.int(),
    nextOffset: z.int().optional(),
  }),
  annotations: { readOnlyHint: true, openWorldHint: true },
  runsIn: 'sandbox',
});

export const webSearch = defineToolContract({
  name: 'web_search',
  title: 'Search the web',
  description: 'Searches the web and returns titles, addresses and excerpts. Read a result with web_fetch.',
  input: z.strictObject({
    query: z.string().min(1).max(500),
    count: z.int().min(1).max(20).default(8),
    timeoutMs: z.int().min(1000).max(60_000).default(15_000),
  }),
  output: z.object({
    engine: z.enum(['searxng', 'duckduckgo']),
    results: z.array(z.object({ title: z.string(), url: z.string(), excerpt: z.string() })),
  }),
  annotations: { readOnlyHint: true, openWorldHint: true },
  runsIn: 'sandbox',
});
