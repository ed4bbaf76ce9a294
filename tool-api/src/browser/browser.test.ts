import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { BrowserState, BrowserTab, ToolImage } from '@sandpiper/protocol';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ControlArbiter } from '../control/lease.ts';
import type { Group } from '../group.ts';
import { callTool, refOf } from '../desktop/testing/calls.ts';
import { startDesktop, until, type Desktop } from '../desktop/testing/desktop.ts';
import { servePages } from '../desktop/testing/pages.ts';
import { createBrowserGroup } from './group.ts';

const FORM = `<!doctype html><meta charset="utf-8"><title>Form</title>
<body style="margin:0;background:#00c000">
<label>Name <input id="name"></label><label>Secret <input type="password" value="hush"></label>
<button onclick="document.title = 'Hello ' + document.getElementById('name').value">Greet</button>
<button onclick="document.body.dataset.answer = confirm('Really delete?')">Delete</button>
<button disabled>Locked</button><a href="/next">Next page</a><a href="/next" target="_blank">New tab</a>
<a href="/report.csv">Report</a><div style="height:3000px"></div><p>The end</p></body>`;

let desktop: Desktop;
let pages: Awaited<ReturnType<typeof servePages>>;
let group: Group;
const control = new ControlArbiter(() => Date.now());
const call = <T = BrowserState>(name: string, input: Record<string, unknown> = {}) => callTool<T>(group, name, input);

beforeAll(async () => {
  pages = await servePages((request, response) => {
    if (request.url === '/report.csv') {
      response.writeHead(200, {
        'content-type': 'text/csv',
        'content-disposition': 'attachment; filename="report.csv"',
      });
      response.end('a,b\n1,2\n');
    } else {
      response.writeHead(request.url === '/missing' ? 404 : 200, { 'content-type': 'text/html' });
      response.end(request.url === '/' ? FORM : `<title>Next</title><h1>Page ${request.url}</h1>`);
    }
  });
  desktop = await startDesktop();
  group = createBrowserGroup({
    cdpPort: desktop.cdpPort,
    downloadsDir: path.join(desktop.workspace, 'Downloads'),
    control,
  });
});

afterAll(async () => {
  await group.close?.();
  await desktop.close();
  await pages.close();
});

describe('browser tools', () => {
  let snapshot: string;
  beforeEach(async () => {
    const opened = await call('browser_navigate', { url: pages.url });
    snapshot = opened.snapshot ?? '';
  });

  it('opens a page, reads it, types Chinese and emoji into it and clicks', async () => {
    const typed = await call<BrowserState & { value: string }>('browser_type', {
      ref: refOf(snapshot, 'textbox "Name"'),
      text: '你好 🦩 Zoë',
    });
    expect(typed.value).toBe('你好 🦩 Zoë');
    const clicked = await call('browser_click', { ref: refOf(snapshot, 'button "Greet"') });
    expect(clicked.title).toBe('Hello 你好 🦩 Zoë');
    expect(clicked.snapshot).toContain('你好 🦩 Zoë');
  });

  it('appends, types by key and submits', async () => {
    const ref = refOf(snapshot, 'textbox "Name"');
    await call('browser_type', { ref, text: 'one' });
    await call('browser_type', { ref, text: ' 二', mode: 'append' });
    const typed = await call<{ value: string }>('browser_type', { ref, text: ' three', mode: 'keys', submit: true });
    expect(typed.value).toBe('one 二 three');
  });

  it('never reads a password back', async () => {
    const typed = await call('browser_type', { ref: refOf(snapshot, 'textbox "Secret"'), text: 'new' });
    expect(typed).not.toHaveProperty('value');
  });

  it('waits for the page that a click leads to, and goes back', async () => {
    const next = await call('browser_click', { ref: refOf(snapshot, 'link "Next page"') });
    expect(next).toMatchObject({ url: `${pages.url}/next`, title: 'Next' });
    expect(next.snapshot).toContain('heading "Page /next"');
    expect(await call('browser_navigate', { action: 'back' })).toMatchObject({ title: 'Form', loaded: true });
  });

  it('says that a reference is stale, and the way out', async () => {
    const ref = refOf(snapshot, 'button "Greet"');
    await call('browser_navigate', { url: `${pages.url}/next` });
    await expect(call('browser_click', { ref: 'e999' })).rejects.toMatchObject({ code: 'ELEMENT_STALE' });
    await expect(call('browser_click', { ref })).rejects.toThrow(/Take a new browser_snapshot/);
  });

  it('says why an element cannot be clicked', async () => {
    const click = call('browser_click', { ref: refOf(snapshot, 'button "Locked"'), timeoutMs: 500 });
    await expect(click).rejects.toMatchObject({ code: 'ACTION_TIMEOUT' });
    await expect(click).rejects.toThrow(/not enabled/);
  });

  it('dismisses a dialog and tells about it', async () => {
    const clicked = await call('browser_click', { ref: refOf(snapshot, 'button "Delete"') });
    expect(clicked.dialogs).toEqual([{ type: 'confirm', message: 'Really delete?', url: `${pages.url}/` }]);
    expect(await call('browser_evaluate', { expression: 'document.body.dataset.answer' })).toMatchObject({
      result: '"false"',
    });
  });

  it('follows a tab that the page opens; tabs can be listed, selected and closed', async () => {
    const clicked = await call('browser_click', { ref: refOf(snapshot, 'link "New tab"') });
    expect(clicked).toMatchObject({ title: 'Next', openedTabs: [{ tab: clicked.tab }] });
    const { tabs } = await call<{ tabs: BrowserTab[] }>('browser_tabs');
    expect(tabs.map(({ title, active }) => ({ title, active }))).toEqual([
      { title: 'Form', active: false },
      { title: 'Next', active: true },
    ]);
    const closed = await call<{ tabs: BrowserTab[] }>('browser_tabs', { action: 'close' });
    expect(closed.tabs).toMatchObject([{ title: 'Form', active: true }]);
    await expect(call('browser_tabs', { action: 'select', tab: clicked.tab })).rejects.toMatchObject({
      code: 'TAB_NOT_FOUND',
    });
  });

  it('puts a download into the workspace', async () => {
    let state = await call('browser_click', { ref: refOf(snapshot, 'link "Report"') });
    const file = path.join(desktop.workspace, 'Downloads', 'report.csv');
    await until('the download', () => Promise.resolve(existsSync(file)));
    if (state.downloads?.[0]?.state !== 'completed') state = await call('browser_snapshot');
    expect(state.downloads).toMatchObject([{ path: file, url: `${pages.url}/report.csv`, state: 'completed' }]);
    expect(await readFile(file, 'utf8')).toBe('a,b\n1,2\n');
  });

  it('takes a picture that shows the page, scaled', async () => {
    const { image, scale } = await call<{ image: ToolImage; scale: number }>('browser_screenshot', {
      maxWidth: 320,
      format: 'png',
    });
    const picture = sharp(Buffer.from(image.dataBase64, 'base64'));
    expect(await picture.metadata()).toMatchObject({ format: 'png', width: 320, height: image.height });
    expect(scale).toBeGreaterThan(3);
    const { data } = await picture.raw().toBuffer({ resolveWithObject: true });
    const middleOfLastRow = data.length - 160 * 3;
    expect([...data.subarray(middleOfLastRow, middleOfLastRow + 3)]).toEqual([0, 0xc0, 0]);
  });

  it('scrolls, and brings an element into view', async () => {
    type Scrolled = BrowserState & { scroll: { y: number; maxY: number } };
    const down = await call<Scrolled>('browser_scroll', { direction: 'down', amountPx: 500 });
    expect(down.scroll.y).toBe(500);
    const { snapshot: text } = await call<{ snapshot: string }>('browser_snapshot');
    const end = await call<Scrolled>('browser_scroll', { ref: refOf(text, 'The end') });
    expect(end.scroll.y).toBeGreaterThan(1500);
  });

  it('presses keys by the names that people use', async () => {
    await call('browser_type', { ref: refOf(snapshot, 'textbox "Name"'), text: 'abc' });
    await call('browser_press', { key: 'ctrl+a' });
    await call('browser_press', { key: 'backspace' });
    const value = await call('browser_evaluate', { expression: 'document.activeElement.value' });
    expect(value).toMatchObject({ result: '""' });
    await expect(call('browser_press', { key: 'Frobnicate' })).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
  });

  it('evaluates with an element, survives cycles, and cuts what is too long', async () => {
    const ref = refOf(snapshot, 'button "Greet"');
    expect(await call('browser_evaluate', { ref, expression: '(button) => button.textContent' })).toMatchObject({
      result: '"Greet"',
    });
    expect(
      await call('browser_evaluate', { expression: '(() => { const a = {}; a.a = a; return a; })()' }),
    ).toMatchObject({
      result: '{"a":"[seen above]"}',
    });
    const long = await call<{ result: string }>('browser_evaluate', { expression: '"x".repeat(1e6)', maxChars: 100 });
    expect(long).toMatchObject({ resultTotalChars: 1_000_002 });
    expect(long.result).toHaveLength(100);
    await expect(call('browser_evaluate', { expression: 'nothing.here' })).rejects.toMatchObject({
      code: 'SCRIPT_FAILED',
    });
  });

  it('stops a script that never ends, and the page goes on', async () => {
    const endless = call('browser_evaluate', { expression: '() => { for (;;); }', timeoutMs: 300 });
    await expect(endless).rejects.toMatchObject({ code: 'SCRIPT_TIMEOUT' });
    expect(await call('browser_evaluate', { expression: '1 + 1' })).toMatchObject({ result: '2' });
  });

  it('reports HTTP status and network errors as what they are', async () => {
    expect(await call('browser_navigate', { url: `${pages.url}/missing` })).toMatchObject({ status: 404 });
    const gone = await servePages(() => undefined);
    await gone.close();
    const refused = call('browser_navigate', { url: gone.url });
    await expect(refused).rejects.toMatchObject({ code: 'NAVIGATION_FAILED', retryable: true });
    await expect(call('browser_navigate', { url: 'javascript:alert(1)' })).rejects.toMatchObject({
      code: 'URL_INVALID',
    });
  });

  it('refuses input but not reading while a person has control', async () => {
    const owner = { id: 'viewer', label: 'Ann' };
    control.request({ action: 'take', owner });
    await expect(call('browser_click', { ref: 'e1' })).rejects.toMatchObject({ code: 'CONTROL_HELD' });
    await expect(call('browser_navigate', { url: pages.url })).rejects.toThrow(/Ann has control/);
    expect(await call('browser_snapshot')).toMatchObject({ title: 'Form' });
    control.request({ action: 'release', owner });
    expect(await call('browser_navigate', { url: pages.url })).toMatchObject({ title: 'Form' });
  });

  it('reads a long snapshot in parts', async () => {
    const first = await call<{ snapshot: string; totalChars: number; nextOffset: number }>('browser_snapshot', {
      maxChars: 500,
    });
    expect(first.nextOffset).toBeLessThanOrEqual(500);
    const second = await call<{ snapshot: string }>('browser_snapshot', { offset: first.nextOffset });
    expect(first.snapshot + second.snapshot).toHaveLength(first.totalChars);
  });

  it('finds the browser again after it was restarted', async () => {
    await desktop.restartBrowser();
    expect(await call('browser_navigate', { url: pages.url })).toMatchObject({ title: 'Form', status: 200 });
  });
});
