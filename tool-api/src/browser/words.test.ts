import { describe, expect, it } from 'vitest';
import { toXdotoolKey } from '../desktop/keys.ts';
import { toPlaywrightKey } from './keys.ts';
import { cut } from './snapshot.ts';
import { toUrl } from './url.ts';

describe('what people write', () => {
  it.each([
    ['example.com', 'https://example.com/'],
    ['example.com:8443/a?b', 'https://example.com:8443/a?b'],
    ['localhost:3000', 'http://localhost:3000/'],
    ['127.0.0.1/x', 'http://127.0.0.1/x'],
    ['/home/agent/a b.html', 'file:///home/agent/a%20b.html'],
    ['about:blank', 'about:blank'],
  ])('as an address: %s', (written, url) => expect(toUrl(written)).toBe(url));

  it.each(['javascript:alert(1)', 'chrome://settings', 'not a url', ''])('is no address: "%s"', (written) => {
    expect(() => toUrl(written)).toThrow(/cannot be opened/);
  });

  it.each([
    ['ctrl+a', 'Control+a', 'ctrl+a'],
    ['Ctrl+Shift+T', 'Control+Shift+T', 'ctrl+shift+t'],
    ['enter', 'Enter', 'Return'],
    ['PageDown', 'PageDown', 'Page_Down'],
    ['f5', 'F5', 'F5'],
    ['+', '+', 'plus'],
    ['ctrl++', 'Control++', 'ctrl+plus'],
  ])('as a key: %s', (written, inBrowser, onDesktop) => {
    expect([toPlaywrightKey(written), toXdotoolKey(written)]).toEqual([inBrowser, onDesktop]);
  });
});

describe('a part of a text', () => {
  it('never ends between the halves of a character', () => {
    expect(cut('ab🦩cd', 0, 3)).toEqual({ text: 'ab', nextOffset: 2 });
    expect(cut('ab🦩cd', 2, 10)).toEqual({ text: '🦩cd' });
  });
});
