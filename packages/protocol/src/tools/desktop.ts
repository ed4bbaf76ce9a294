import { z } from 'zod';
import { toolImage } from './browser.ts';
import { defineToolContract } from './tool.ts';

const x = z.int().min(0).max(16_384).describe('Pixels of the screen from the left.');
const y = z.int().min(0).max(16_384).describe('Pixels of the screen from the top.');
const button = z.enum(['left', 'middle', 'right']).default('left');
const screen = z.object({ width: z.int(), height: z.int() });
const pointer = z.object({ x: z.int(), y: z.int() });
const modifiers = z.array(z.enum(['alt', 'ctrl', 'shift', 'super'])).default([]);

export const desktopScreenshot = defineToolContract({
  name: 'desktop_screenshot',
  title: 'Look at the screen',
  description:
    'Takes a picture of the whole desktop, or of a region of it, as the person sees it. Multiply picture coordinates by scale (and add the region’s corner) to get those of desktop_click. Inside the browser, browser_snapshot is cheaper.',
  input: z.strictObject({
    region: z.strictObject({ x, y, width: z.int().min(1).max(16_384), height: z.int().min(1).max(16_384) }).optional(),
    format: z.enum(['jpeg', 'png']).default('jpeg'),
    maxWidth: z.int().min(100).max(4096).default(1280),
  }),
  output: z.object({
    image: toolImage,
    screen,
    pointer,
    /** Screen pixels per picture pixel. */
    scale: z.number(),
  }),
  annotations: { readOnlyHint: true },
  runsIn: 'sandbox',
});

export const desktopClick = defineToolContract({
  name: 'desktop_click',
  title: 'Click on the screen',
  description: 'Moves the pointer to a point of the screen and clicks. For pages in the browser prefer browser_click.',
  input: z.strictObject({ x, y, button, count: z.int().min(1).max(3).default(1), modifiers }),
  output: z.object({ pointer }),
  annotations: {},
  runsIn: 'sandbox',
});

export const desktopMove = defineToolContract({
  name: 'desktop_move',
  title: 'Move the pointer',
  description: 'Moves the pointer to a point of the screen without clicking, as for hover menus.',
  input: z.strictObject({ x, y }),
  output: z.object({ pointer }),
  annotations: { idempotentHint: true },
  runsIn: 'sandbox',
});

export const desktopDrag = defineToolContract({
  name: 'desktop_drag',
  title: 'Drag on the screen',
  description: 'Presses a button at one point, moves to another in small steps, and lets go.',
  input: z.strictObject({ from: z.strictObject({ x, y }), to: z.strictObject({ x, y }), button, modifiers }),
  output: z.object({ pointer }),
  annotations: {},
  runsIn: 'sandbox',
});

export const desktopType = defineToolContract({
  name: 'desktop_type',
  title: 'Type on the screen',
  description:
    'Types text, in any script, into the window that has the keyboard focus. Line breaks press Return. Plain ASCII goes as keys; other text is pasted through the clipboard, whose content is put back; set pasteWith to ctrl+shift+v for terminals.',
  input: z.strictObject({
    text: z.string().min(1).max(20_000),
    pasteWith: z.enum(['ctrl+v', 'ctrl+shift+v', 'shift+Insert']).default('ctrl+v'),
  }),
  output: z.object({ typedChars: z.int(), method: z.enum(['keys', 'clipboard']) }),
  annotations: {},
  runsIn: 'sandbox',
});

export const desktopKey = defineToolContract({
  name: 'desktop_key',
  title: 'Press keys',
  description:
    'Presses a key or a chord on the desktop: Return, Escape, Tab, BackSpace, Delete, Up, Page_Down, F5, a, ctrl+c, alt+Tab, super+d, ctrl+shift+t. Names are X keysyms; common ones (Enter, Esc, ArrowUp, PageDown, Space, Control, Cmd) are understood too.',
  input: z.strictObject({ key: z.string().min(1).max(80), count: z.int().min(1).max(100).default(1) }),
  output: z.object({ pressed: z.string() }),
  annotations: {},
  runsIn: 'sandbox',
});

export const desktopScroll = defineToolContract({
  name: 'desktop_scroll',
  title: 'Scroll on the screen',
  description:
    'Turns the mouse wheel at a point of the screen: down shows what is below. One click is about three lines.',
  input: z.strictObject({
    x,
    y,
    direction: z.enum(['up', 'down', 'left', 'right']),
    clicks: z.int().min(1).max(100).default(3),
    modifiers,
  }),
  output: z.object({ pointer }),
  annotations: {},
  runsIn: 'sandbox',
});

export const desktopClipboard = defineToolContract({
  name: 'desktop_clipboard',
  title: 'Clipboard',
  description: 'Reads the text on the desktop’s clipboard, or puts text there (UTF-8).',
  input: z.strictObject({
    action: z.enum(['get', 'set']).default('get'),
    text: z.string().max(1_000_000).optional().describe('Needed for set.'),
  }),
  output: z.object({
    text: z.string(),
    /** Characters of the whole clipboard, when `text` is only its beginning. */
    totalChars: z.int().optional(),
  }),
  annotations: {},
  runsIn: 'sandbox',
});
