import { z } from 'zod';
import { defineToolContract } from './tool.ts';

const ref = z.string().regex(/^(f\d+)?e\d+$/, 'is not a reference like e12 or f1e3');
const refField = ref.describe('Element reference from the latest browser_snapshot, such as e12.');
const snapshotField = (whenLeftOut: boolean) =>
  z
    .boolean()
    .default(whenLeftOut)
    .describe('Whether to return a short snapshot of the page as it is afterwards. It renews element references.');

/** A picture as every tool returns it: scaled to what a model can use, never above 1.5 MB of bytes. */
export const toolImage = z.object({
  mimeType: z.enum(['image/jpeg', 'image/png']),
  dataBase64: z.string(),
  width: z.int(),
  height: z.int(),
});
export type ToolImage = z.infer<typeof toolImage>;

export const browserTab = z.object({ tab: z.string(), url: z.string(), title: z.string(), active: z.boolean() });
export type BrowserTab = z.infer<typeof browserTab>;

/** Where the browser is after a call, and what happened on the way that nobody asked for. */
export const browserState = z.object({
  tab: z.string(),
  url: z.string(),
  title: z.string(),
  /** Dialogs that were in the way; they are dismissed (a page's "leave?" is accepted). */
  dialogs: z.array(z.object({ type: z.string(), message: z.string(), url: z.string() })).optional(),
  /** Files that arrived, or are on their way, in the workspace. */
  downloads: z
    .array(z.object({ path: z.string(), url: z.string(), state: z.enum(['inProgress', 'completed', 'canceled']) }))
    .optional(),
  /** Tabs that the page opened; the newest one is the active one now. */
  openedTabs: z.array(z.object({ tab: z.string(), url: z.string() })).optional(),
  snapshot: z.string().optional(),
  /** Characters of the whole snapshot, when `snapshot` is only its beginning. */
  snapshotTotalChars: z.int().optional(),
});
export type BrowserState = z.infer<typeof browserState>;

export const browserNavigate = defineToolContract({
  name: 'browser_navigate',
  title: 'Open a page',
  description:
    'Opens a URL in the visible browser, or goes back, forward or reloads. Returns URL, title, HTTP status and a short snapshot of the page with element references. A URL without a scheme means https, or http for localhost. Servers started with the shell are reachable at http://localhost:<port>, files of the workspace at file:///home/agent/….',
  input: z.strictObject({
    action: z.enum(['goto', 'back', 'forward', 'reload']).default('goto'),
    url: z.string().min(1).max(8192).optional().describe('Needed for goto.'),
    newTab: z.boolean().default(false),
    snapshot: snapshotField(true),
    timeoutMs: z.int().min(1000).max(120_000).default(30_000),
  }),
  output: browserState.extend({
    /** Absent where there was no HTTP response: files, `about:blank`, going back within one document. */
    status: z.int().optional(),
    /** False when the page still loads something; what is there can be used. */
    loaded: z.boolean(),
  }),
  annotations: { openWorldHint: true },
  runsIn: 'sandbox',
});

export const browserSnapshot = defineToolContract({
  name: 'browser_snapshot',
  title: 'Read the page',
  description:
    'Returns what is on the page as an indented accessibility tree: roles, names, values, states, and references such as [ref=e12] for browser_click and browser_type. Cheaper and more exact than a screenshot. Long pages come in parts: pass the returned nextOffset.',
  input: z.strictObject({
    offset: z.int().min(0).default(0),
    maxChars: z.int().min(500).max(50_000).default(12_000),
  }),
  output: browserState.extend({ snapshot: z.string(), totalChars: z.int(), nextOffset: z.int().optional() }),
  annotations: { readOnlyHint: true },
  runsIn: 'sandbox',
});

export const browserClick = defineToolContract({
  name: 'browser_click',
  title: 'Click in the page',
  description:
    'Clicks an element by its reference, or a point of the page (x, y in CSS pixels of the viewport, as in browser_screenshot). Waits until the element is visible and can be clicked. A tab that the click opens becomes the active one.',
  input: z.strictObject({
    ref: refField.optional(),
    x: z.number().min(0).max(20_000).optional(),
    y: z.number().min(0).max(20_000).optional(),
    button: z.enum(['left', 'middle', 'right']).default('left'),
    count: z.int().min(1).max(3).default(1).describe('2 for a double click.'),
    modifiers: z.array(z.enum(['Alt', 'Control', 'Meta', 'Shift'])).default([]),
    snapshot: snapshotField(true),
    timeoutMs: z.int().min(500).max(60_000).default(10_000),
  }),
  output: browserState,
  annotations: { openWorldHint: true },
  runsIn: 'sandbox',
});

export const browserType = defineToolContract({
  name: 'browser_type',
  title: 'Type into the page',
  description:
    'Writes text, in any script, into a field by its reference, or into what has the focus. mode "fill" replaces the content, "append" adds at the end, "keys" sends one key after the other for pages that listen to keys. submit presses Enter afterwards.',
  input: z.strictObject({
    ref: refField.optional(),
    text: z.string().max(100_000),
    mode: z.enum(['fill', 'append', 'keys']).default('fill'),
    submit: z.boolean().default(false),
    snapshot: snapshotField(false),
    timeoutMs: z.int().min(500).max(60_000).default(10_000),
  }),
  output: browserState.extend({
    /** What the field holds now, where it can be read; passwords are not. */
    value: z.string().optional(),
  }),
  annotations: { openWorldHint: true },
  runsIn: 'sandbox',
});

export const browserPress = defineToolContract({
  name: 'browser_press',
  title: 'Press keys in the page',
  description:
    'Presses a key or a chord in the page: Enter, Escape, ArrowDown, Tab, F5, a, ctrl+a, Control+Shift+T. For keys of the desktop or of other programs use desktop_key.',
  input: z.strictObject({
    key: z.string().min(1).max(60),
    ref: refField.optional().describe('Focused first, when given.'),
    count: z.int().min(1).max(100).default(1),
    snapshot: snapshotField(false),
  }),
  output: browserState,
  annotations: { openWorldHint: true },
  runsIn: 'sandbox',
});

export const browserScroll = defineToolContract({
  name: 'browser_scroll',
  title: 'Scroll the page',
  description:
    'Scrolls with the wheel over an element (or the middle of the page): down shows what is below. With a reference and no direction it brings the element into view. Snapshots contain the whole page, so scrolling is needed only for screenshots and for pages that load more.',
  input: z.strictObject({
    direction: z.enum(['up', 'down', 'left', 'right']).optional(),
    amountPx: z.int().min(1).max(50_000).optional().describe('Default: four fifths of the viewport.'),
    ref: refField.optional(),
    snapshot: snapshotField(false),
  }),
  output: browserState.extend({
    scroll: z.object({ x: z.number(), y: z.number(), maxX: z.number(), maxY: z.number() }),
  }),
  annotations: { idempotentHint: false },
  runsIn: 'sandbox',
});

export const browserTabs = defineToolContract({
  name: 'browser_tabs',
  title: 'Tabs',
  description:
    'Lists the tabs, opens one, brings one to the front (the other tools then act on it) or closes one. Tabs keep their name (t1, t2, …).',
  input: z.strictObject({
    action: z.enum(['list', 'new', 'select', 'close']).default('list'),
    tab: z
      .string()
      .regex(/^t\d+$/, 'is not a tab like t1')
      .optional()
      .describe('For select and close; close means the active tab without it.'),
    url: z.string().max(8192).optional().describe('For new.'),
  }),
  output: z.object({ tabs: z.array(browserTab) }),
  annotations: {},
  runsIn: 'sandbox',
});

export const browserScreenshot = defineToolContract({
  name: 'browser_screenshot',
  title: 'Look at the page',
  description:
    'Takes a picture of the visible part of the page, of the whole page, or of one element. Use browser_snapshot to read or to find elements; use this to judge how it looks. Multiply picture coordinates by scale to get those of browser_click.',
  input: z.strictObject({
    fullPage: z.boolean().default(false),
    ref: refField.optional(),
    format: z.enum(['jpeg', 'png']).default('jpeg'),
    maxWidth: z.int().min(100).max(4096).default(1280),
  }),
  output: browserState.extend({
    image: toolImage,
    /** CSS pixels per picture pixel. */
    scale: z.number(),
  }),
  annotations: { readOnlyHint: true },
  runsIn: 'sandbox',
});

export const browserEvaluate = defineToolContract({
  name: 'browser_evaluate',
  title: 'Run JavaScript in the page',
  description:
    'Evaluates JavaScript in the page and returns its value as JSON: an expression (document.title) or a function (async () => …), which gets the element when a reference is given. For what the other tools cannot reach.',
  input: z.strictObject({
    expression: z.string().min(1).max(100_000),
    ref: refField.optional(),
    maxChars: z.int().min(100).max(100_000).default(20_000),
    timeoutMs: z.int().min(100).max(60_000).default(10_000),
  }),
  output: browserState.extend({
    /** JSON text of the value; `undefined` for what has none. */
    result: z.string(),
    /** Characters of the whole value, when `result` is only its beginning. */
    resultTotalChars: z.int().optional(),
  }),
  annotations: { openWorldHint: true },
  runsIn: 'sandbox',
});
