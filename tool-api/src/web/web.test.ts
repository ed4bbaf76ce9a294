import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callTool } from '../desktop/testing/calls.ts';
import { servePages } from '../desktop/testing/pages.ts';
import { createWebGroup } from './group.ts';
import { parseDuckDuckGo } from './search.ts';

const sentence = 'The sandpiper runs along the water and looks for what the last wave has left behind. ';
const ARTICLE = `<!doctype html><html><head><title>Birds</title></head><body><nav><a href="/nav">Menu</a></nav>
<article><h1>Sandpipers</h1>${`<p>${sentence.repeat(4)}</p>`.repeat(8)}<p>See <a href="/more">more</a>.</p>
<pre><code>let x = 1;</code></pre><script>evil()</script></article><footer>Imprint</footer></body></html>`;

let pages: Awaited<ReturnType<typeof servePages>>;
beforeAll(async () => {
  pages = await servePages((request, response) => {
    const send = (type: string, body: string | Buffer): void =>
      void response.writeHead(200, { 'content-type': type }).end(body);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://test');
    if (pathname === '/article') send('text/html; charset=utf-8', ARTICLE);
    else if (pathname === '/latin1') send('text/plain; charset=iso-8859-1', Buffer.from('Gr\u00fc\u00dfe', 'latin1'));
    else if (pathname === '/gb')
      send('text/html', Buffer.from([...Buffer.from('<meta charset="gbk"><body><p>'), 0xc4, 0xe3, 0xba, 0xc3]));
    else if (pathname === '/json') send('application/json', '{"a":1}');
    else if (pathname === '/pdf') send('application/pdf', '%PDF-1.7');
    else if (pathname === '/large') send('text/plain', Buffer.alloc(6 * 1024 * 1024, 'x'));
    else if (pathname === '/slow') response.writeHead(200, { 'content-type': 'text/plain' }).write('a');
    else if (pathname === '/moved') response.writeHead(302, { location: '/json' }).end();
    else if (pathname === '/circle') response.writeHead(302, { location: '/circle' }).end();
    else if (pathname === '/away') response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    // A stand-in in the form of SearXNG's JSON, https://docs.searxng.org/dev/search_api.html
    else if (pathname === '/searxng/search')
      send(
        'application/json',
        JSON.stringify({
          query: searchParams.get('q'),
          results: [
            {
              title: `About ${searchParams.get('q') ?? ''}`,
              url: 'https://example.com/1',
              content: ' first\n result ',
            },
            { title: 'Second', url: 'https://example.com/2', content: null },
          ],
        }),
      );
    else response.writeHead(404, { 'content-type': 'text/plain' }).end('none');
  });
});
afterAll(() => pages.close());

const group = createWebGroup({ searxngUrl: undefined });
const read = <T = Record<string, unknown>>(path: string, more: Record<string, unknown> = {}) =>
  callTool<T>(group, 'web_fetch', { url: pages.url + path, ...more });

describe('web_fetch', () => {
  it('reads the article of a page as Markdown, with absolute links and without scripts', async () => {
    const { text, ...rest } = await read<{ text: string }>('/article');
    expect(rest).toMatchObject({ title: 'Birds', format: 'markdown', status: 200, contentType: 'text/html' });
    expect(text).toContain(sentence.trim());
    expect(text).toContain(`[more](${pages.url}/more)`);
    expect(text).toContain('```\nlet x = 1;\n```');
    expect(text).not.toMatch(/evil|<p>/);
  });

  it('comes in parts that add up', async () => {
    const whole = await read<{ text: string; totalChars: number }>('/article');
    let text = '';
    for (let offset: number | undefined = 0; offset !== undefined;) {
      const part: { text: string; nextOffset?: number } = await read('/article', { offset, maxChars: 500 });
      expect(part.text.length).toBeLessThanOrEqual(500);
      text += part.text;
      offset = part.nextOffset;
    }
    expect(text).toBe(whole.text);
    expect(whole.totalChars).toBe(text.length);
    expect(await read('/article', { offset: 1e6 })).toMatchObject({ text: '' });
  });

  it('honours charsets of header and document', async () => {
    expect(await read('/latin1')).toMatchObject({ text: 'Grüße', format: 'text' });
    expect(await read('/gb')).toMatchObject({ text: '你好' });
  });

  it('follows redirects, but not in circles nor out of the web', async () => {
    expect(await read('/moved')).toMatchObject({ url: `${pages.url}/json`, format: 'json', text: '{"a":1}' });
    await expect(read('/circle')).rejects.toMatchObject({ code: 'WEB_REDIRECTS' });
    await expect(read('/away')).rejects.toMatchObject({ code: 'WEB_URL_INVALID' });
  });

  it('says clearly what it does not read', async () => {
    await expect(read('/pdf')).rejects.toThrow(/application\/pdf.*curl/);
    await expect(read('/large')).rejects.toMatchObject({ code: 'WEB_TOO_LARGE' });
    await expect(read('/slow', { timeoutMs: 1000 })).rejects.toMatchObject({ code: 'WEB_TIMEOUT', retryable: true });
    expect(await read('/nothing')).toMatchObject({ status: 404, text: 'none' });
  });

  it('says so when the sandbox has no network', async () => {
    const unknown = callTool(group, 'web_fetch', { url: 'http://nothing.invalid/' });
    await expect(unknown).rejects.toMatchObject({ code: 'WEB_UNREACHABLE', retryable: true });
    await expect(unknown).rejects.toThrow(/no network/);
  });
});

describe('web_search', () => {
  it('asks a SearXNG (here: a stand-in of its JSON form)', async () => {
    const searxng = createWebGroup({ searxngUrl: `${pages.url}/searxng` });
    expect(await callTool(searxng, 'web_search', { query: 'sand & piper' })).toEqual({
      engine: 'searxng',
      results: [
        { title: 'About sand & piper', url: 'https://example.com/1', excerpt: 'first result' },
        { title: 'Second', url: 'https://example.com/2', excerpt: '' },
      ],
    });
    const broken = createWebGroup({ searxngUrl: `${pages.url}/nowhere` });
    await expect(callTool(broken, 'web_search', { query: 'x' })).rejects.toMatchObject({ code: 'SEARCH_REFUSED' });
  });

  it('reads DuckDuckGo’s page (here: written in its form), without advertisements', async () => {
    const result = (kind: string, href: string) =>
      `<div class="result ${kind}"><a class="result__a" href="${href}">A <b>title</b></a><a class="result__snippet">An excerpt</a></div>`;
    const html = `<html><body>${result('result--ad', 'https://ads.example')}${result('', '//duckduckgo.com/l/?uddg=https%3A%2F%2Fexample.org%2Fa%3Fb%3D1&rut=x')}</body></html>`;
    expect(await parseDuckDuckGo(html)).toEqual([
      { title: 'A title', url: 'https://example.org/a?b=1', excerpt: 'An excerpt' },
    ]);
    await expect(parseDuckDuckGo('<html><body>anomaly-modal</body></html>')).rejects.toMatchObject({
      code: 'SEARCH_REFUSED',
    });
  });
});
