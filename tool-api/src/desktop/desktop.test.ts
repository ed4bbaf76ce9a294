import type { ToolImage } from '@sandpiper/protocol';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createBrowserGroup } from '../browser/group.ts';
import { checkReadiness } from '../component.ts';
import { ControlArbiter } from '../control/lease.ts';
import type { Group } from '../group.ts';
import { createDesktopGroup } from './group.ts';
import { callTool } from './testing/calls.ts';
import { startDesktop, until, type Desktop } from './testing/desktop.ts';
import { servePages } from './testing/pages.ts';

const PAGE = `<!doctype html><meta charset="utf-8"><title>Desk</title>
<body style="margin:0;background:#0000c0"><textarea autofocus style="position:fixed;inset:0 0 50% 0"></textarea>
<script>
  window.seen = [];
  for (const type of ['click', 'dblclick', 'contextmenu', 'wheel', 'mousedown', 'mouseup'])
    addEventListener(type, (e) => seen.push({ type, x: e.screenX, y: e.screenY, shift: e.shiftKey, delta: Math.sign(e.deltaY) }));
</script><div style="height:3000px"></div></body>`;

interface Seen {
  type: string;
  x: number;
  y: number;
  shift: boolean;
  delta: number;
}

let desktop: Desktop;
let pages: Awaited<ReturnType<typeof servePages>>;
let group: Group;
let browser: Group;
const control = new ControlArbiter(() => Date.now());
const call = <T = Record<string, unknown>>(name: string, input: Record<string, unknown> = {}) =>
  callTool<T>(group, name, input);

beforeAll(async () => {
  pages = await servePages((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
  });
  desktop = await startDesktop();
  group = createDesktopGroup({ display: desktop.display, xauthorityFile: desktop.xauthorityFile, control });
  browser = createBrowserGroup({ cdpPort: desktop.cdpPort, downloadsDir: desktop.workspace, control });
});

afterAll(async () => {
  await browser.close?.();
  await desktop.close();
  await pages.close();
});

async function inPage<T>(expression: string): Promise<T> {
  const { result } = await callTool<{ result: string }>(browser, 'browser_evaluate', { expression });
  return JSON.parse(result) as T;
}

async function untilPage<T>(expression: string, wanted: (value: T) => boolean): Promise<T> {
  let value: T | undefined;
  await until(expression, async () => wanted((value = await inPage<T>(expression))), 5000).catch(() => {
    throw new Error(`${expression} is ${JSON.stringify(value)}`);
  });
  return value as T;
}

describe('desktop tools', () => {
  beforeEach(async () => {
    await callTool(browser, 'browser_navigate', { url: pages.url });
    await call('desktop_click', { x: 640, y: 300 });
    await untilPage<Seen[]>('seen', (seen) => seen.some(({ type }) => type === 'click'));
    await inPage('seen.length = 0');
  });

  it('types ASCII as keys, line breaks included', async () => {
    const text = 'Hello, World! $x = "a~b" | `c` \\ {d}\n\tsecond';
    expect(await call('desktop_type', { text: 'Hello, World! $x = "a~b" | `c` \\ {d}\nsecond' })).toMatchObject({
      method: 'keys',
    });
    await untilPage<string>('document.querySelector("textarea").value', (value) => value === text.replace('\t', ''));
  });

  it('types Chinese, emoji and accents, and puts the clipboard back', async () => {
    await call('desktop_clipboard', { action: 'set', text: 'precious' });
    const text = '天地玄黄 🦩👩‍🚀 Zoë\nДобрый день';
    expect(await call('desktop_type', { text })).toMatchObject({ method: 'clipboard' });
    await untilPage<string>('document.querySelector("textarea").value', (value) => value === text);
    expect(await call('desktop_clipboard')).toEqual({ text: 'precious' });
  });

  it('carries any text over the clipboard', async () => {
    const text = `🦩 名前 \u0000 no`.replace('\u0000', '') + '\n'.repeat(3) + 'ß'.repeat(100_000);
    await call('desktop_clipboard', { action: 'set', text });
    expect(await call('desktop_clipboard')).toEqual({ text });
  });

  it('presses chords by the names that people use, and refuses what is no key', async () => {
    await call('desktop_type', { text: 'away' });
    await call('desktop_key', { key: 'Ctrl+A' });
    expect(await call('desktop_key', { key: 'backspace' })).toEqual({ pressed: 'BackSpace' });
    await call('desktop_key', { key: '+', count: 3 });
    await untilPage<string>('document.querySelector("textarea").value', (value) => value === '+++');
    await expect(call('desktop_key', { key: 'Frobnicate' })).rejects.toMatchObject({ code: 'DESKTOP_KEY_UNKNOWN' });
    await expect(call('desktop_key', { key: 'rm -rf' })).rejects.toMatchObject({ code: 'DESKTOP_KEY_UNKNOWN' });
  });

  it('clicks, drags and turns the wheel where it was told', async () => {
    expect(await call('desktop_click', { x: 700, y: 650, count: 2, modifiers: ['shift'] })).toEqual({
      pointer: { x: 700, y: 650 },
    });
    const double = await untilPage<Seen[]>('seen', (seen) => seen.some(({ type }) => type === 'dblclick'));
    expect(double.find(({ type }) => type === 'dblclick')).toMatchObject({ x: 700, y: 650, shift: true });
    await call('desktop_drag', { from: { x: 300, y: 600 }, to: { x: 500, y: 700 } });
    const dragged = await untilPage<Seen[]>('seen', (seen) => seen.at(-1)?.x === 500);
    expect(dragged.filter(({ type }) => type.startsWith('mouse')).slice(-2)).toMatchObject([
      { type: 'mousedown', x: 300, y: 600, shift: false },
      { type: 'mouseup', x: 500, y: 700 },
    ]);
    await call('desktop_scroll', { x: 640, y: 650, direction: 'down', clicks: 5 });
    await untilPage<number>('scrollY', (scrolled) => scrolled > 200);
    const wheel = await untilPage<Seen[]>('seen', (seen) => seen.some(({ type }) => type === 'wheel'));
    expect(wheel.find(({ type }) => type === 'wheel')?.delta).toBe(1);
    await call('desktop_scroll', { x: 640, y: 650, direction: 'up', clicks: 50 });
    await untilPage<number>('scrollY', (scrolled) => scrolled === 0);
  });

  it('refuses a point outside the screen', async () => {
    await expect(call('desktop_click', { x: 1280, y: 10 })).rejects.toMatchObject({ code: 'OUTSIDE_SCREEN' });
  });

  it('takes pictures that show the page in its colour', async () => {
    const shot = await call<{ image: ToolImage; screen: unknown; scale: number }>('desktop_screenshot', {
      maxWidth: 640,
    });
    expect(shot).toMatchObject({ screen: { width: 1280, height: 800 }, scale: 2, image: { width: 640, height: 400 } });
    const jpeg = sharp(Buffer.from(shot.image.dataBase64, 'base64'));
    expect(await jpeg.metadata()).toMatchObject({ format: 'jpeg', width: 640, height: 400 });
    const region = { x: 640, y: 700, width: 8, height: 8 };
    const { image } = await call<{ image: ToolImage }>('desktop_screenshot', { region, format: 'png' });
    const pixels = await sharp(Buffer.from(image.dataBase64, 'base64')).raw().toBuffer();
    expect([...pixels.subarray(0, 3)]).toEqual([0, 0, 0xc0]);
  });

  it('refuses input but not the screenshot while a person has control', async () => {
    const owner = { id: 'viewer', label: 'Ann' };
    control.request({ action: 'take', owner });
    await expect(call('desktop_type', { text: 'x' })).rejects.toMatchObject({ code: 'CONTROL_HELD', retryable: true });
    await expect(call('desktop_click', { x: 1, y: 1 })).rejects.toThrow(/Ann has control/);
    expect(await call('desktop_screenshot')).toHaveProperty('image');
    control.request({ action: 'release', owner });
    expect(await call('desktop_move', { x: 5, y: 6 })).toEqual({ pointer: { x: 5, y: 6 } });
  });
});

describe('readiness of the desktop', () => {
  it('is ready when X, the window manager and the browser answer', async () => {
    const { components } = await checkReadiness([...(group.components ?? []), ...(browser.components ?? [])]);
    expect(components).toMatchObject({ x: 'ready', windowManager: 'ready', browser: 'ready' });
  });

  it('is starting when there is none yet', async () => {
    const nowhere = createDesktopGroup({ display: ':4711', xauthorityFile: desktop.xauthorityFile, control });
    const { components } = await checkReadiness(nowhere.components ?? []);
    expect(components).toMatchObject({ x: 'starting', windowManager: 'starting' });
  });
});
