// @vitest-environment happy-dom
import { expect, test } from 'vitest';
import { renderMarkdown } from './render-markdown.ts';

function html(text: string): string {
  const host = document.createElement('div');
  host.append(renderMarkdown(text));
  return host.innerHTML;
}

test('markup becomes elements, HTML stays text', () => {
  expect(html('# Hi **there**')).toContain('<strong>there</strong>');
  expect(html('<img src=x onerror=alert(1)><script>alert(1)</script>')).not.toMatch(/<(?:script|img)/);
});

test('links open outside and cannot run scripts', () => {
  expect(html('[a](https://example.org)')).toMatch(/target="_blank"/);
  expect(html('[a](javascript:alert(1))')).not.toContain('href');
});

test('pictures from elsewhere are not loaded', () => {
  expect(html('![a cat](https://example.org/cat.png)')).toMatch(/^(?!.*<img).*<em>a cat<\/em>/s);
  expect(html('![dot](data:image/png;base64,AAAA)')).toContain('<img');
});
