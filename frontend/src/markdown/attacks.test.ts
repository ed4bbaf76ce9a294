import { existsSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { createMarkdownStream } from './blocks.ts';

/*
 * Whether markup is harmless only a real browser can tell: the sanitiser works on its parser. So the renderer runs in Chromium, its
 * HTML is inserted there, and every control is hovered, focused and clicked.
 */
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) =>
  existsSync(file),
);

describe.skipIf(executablePath === undefined)('what a model or a page may try', () => {
  let browser: Browser;
  let page: Page;
  const requested: string[] = [];

  beforeAll(async () => {
    const bundle = await build({
      entryPoints: [path.join(import.meta.dirname, 'blocks.ts')],
      bundle: true,
      write: false,
      format: 'iife',
      globalName: 'blocks',
      // As in vite.config.ts, so that what runs here is what browsers get.
      alias: { entities: path.join(import.meta.dirname, 'entities.ts') },
    });
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox', '--disable-gpu'] });
    page = await browser.newPage();
    await page.route('**/*', (route) => {
      requested.push(route.request().url());
      return route.abort();
    });
    await page.addScriptTag({ content: bundle.outputFiles[0]!.text });
    await page.evaluate('globalThis.fired = []; globalThis.alert = (what) => fired.push(what)');
  });
  afterAll(() => browser.close());

  /** Renders a text into the page and tells what came of it. */
  async function render(text: string) {
    await page.evaluate((markdown) => {
      const { createMarkdownStream: create } = (
        globalThis as never as { blocks: { createMarkdownStream: typeof createMarkdownStream } }
      ).blocks;
      const words = { copy: 'Copy', showImage: (host: string, alt: string) => `${host}: ${alt}` };
      const blocks = create(words).update(markdown);
      document.body.innerHTML = blocks.map((block) => (block.kind === 'html' ? block.html : '')).join('');
      for (const element of document.body.querySelectorAll<HTMLElement>('*')) {
        for (const type of ['mouseover', 'focus', 'load', 'error']) element.dispatchEvent(new Event(type));
      }
    }, text);
    return page.evaluate(() => ({
      html: document.body.innerHTML,
      tags: [...document.body.querySelectorAll('*')].map((element) => element.tagName.toLowerCase()),
      attributes: [...document.body.querySelectorAll('*')].flatMap((element) =>
        [...element.attributes].map(({ name, value }) => [name, value] as const),
      ),
      fired: (globalThis as never as { fired: unknown[] }).fired,
    }));
  }

  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg onload=alert(1)>',
    '<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)></style></mglyph></math>',
    '<iframe src="https://evil.example"></iframe>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](java\tscript:alert(1))',
    '[x](&#106;avascript:alert(1))',
    '[x](vbscript:msgbox)',
    '[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)',
    '![x](javascript:alert(1))',
    '![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)',
    '![" onerror="alert(1)](https://evil.example/x.png)',
    '![x](https://evil.example/x.png "\\" onmouseover=\\"alert(1)")',
    '[x](https://a.example "\\" onmouseover=\\"alert(1)")',
    '<a href="javascript:alert(1)">x</a>',
    '<javascript:alert(1)>',
    '- ```"><img src=x onerror=alert(1)>\n  code\n  ```',
    '| a |\n|---|\n| <img src=x onerror=alert(1)> |',
    '[a]: javascript:alert(1)\n\n[a]',
  ])('is text, or dropped: %s', async (attack) => {
    const { tags, attributes, fired } = await render(attack);
    expect(tags).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(script|svg|math|iframe|object|embed|form|style|link|base)$/)]),
    );
    for (const [name, value] of attributes) {
      expect(name).not.toMatch(/^on/);
      if (name === 'href') expect(value).toMatch(/^(https?:|mailto:)/);
      if (name === 'src') expect(value).toMatch(/^data:image\/(png|gif|jpeg|webp);/);
    }
    expect(fired).toEqual([]);
    expect(requested).toEqual([]);
  });

  it.each([
    ['&copy; &amp; &lt;b&gt; &quot;', '© & <b> "'],
    ['&AMP; &LT; &semi; &nbsp;|', '& < ; \u00a0|'],
    ['&NotEqualTilde; &acE; &ngE;', '\u2242\u0338 \u223e\u0333 \u2267\u0338'],
    ['&#65;&#x42; &#0; &#xD800;', 'AB \ufffd \ufffd'],
    ['&copy &notit; &nosuchname; &;', '&copy &notit; &nosuchname; &;'],
    ['&lt;script&gt;alert(1)&lt;/script&gt; &lt;/textarea&gt;', '<script>alert(1)</script> </textarea>'],
    ['`&copy;` \\&copy;', '&copy; &copy;'],
  ])('knows names as HTML does, and makes text of them: %s', async (text, expected) => {
    const { tags } = await render(text);
    expect(tags.filter((tag) => tag !== 'p' && tag !== 'code')).toEqual([]);
    expect((await page.evaluate(() => document.body.textContent)).trimEnd()).toBe(expected);
  });

  it('loads no remote image, and offers it by host instead', async () => {
    const { tags, html } = await render('![a chart](https://example.org/chart.png)');
    expect(tags).toEqual(['p', 'button']);
    expect(html).toContain('data-image="https://example.org/chart.png"');
    expect(html).toContain('example.org: a chart');
    expect(requested).toEqual([]);
  });

  it('opens links outside, without handing over this window or this address', async () => {
    const { attributes } = await render('[docs](https://example.org)');
    expect(Object.fromEntries(attributes)).toEqual({
      href: 'https://example.org',
      target: '_blank',
      rel: 'noopener noreferrer nofollow',
    });
  });

  it('keeps what Markdown can say', async () => {
    const { tags } = await render('# h\n\n**b** *i* ~~s~~ `c`\n\n- a\n  1. b\n\n> q\n\n| a |\n|--:|\n| 1 |\n\n---');
    for (const tag of ['h1', 'strong', 'em', 's', 'code', 'ul', 'ol', 'blockquote', 'table', 'td', 'hr'])
      expect(tags).toContain(tag);
  });
});
