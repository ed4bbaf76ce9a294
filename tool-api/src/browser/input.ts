import {
  browserClick,
  browserPress,
  browserScroll,
  browserType,
  type BrowserState,
  type ToolInput,
} from '@sandpiper/protocol';
import type { Locator, Page } from 'playwright-core';
import { defineTool, type Tool } from '../tool.ts';
import { elementOf } from './element.ts';
import { browserErrors, explainFailure, reasonOf } from './errors.ts';
import { toPlaywrightKey } from './keys.ts';
import { FIELD_VALUE, SCROLL_END, SCROLL_POSITION, VIEWPORT } from './page-scripts.ts';
import { unlessAborted, within } from './patience.ts';
import type { BrowserSession } from './session.ts';
import { settled } from './settle.ts';

const PRESS_TIMEOUT_MS = 10_000;
const MAX_VALUE_CHARS = 2000;

export function clickTool(session: BrowserSession): Tool {
  return defineTool({
    ...browserClick,
    handler: (input, { signal }) =>
      act(session, signal, input, `Clicking ${input.ref ?? 'the point'}`, async (page) => {
        const { ref, x, y, button, count, modifiers, timeoutMs } = input;
        if (ref !== undefined) {
          const element = await elementOf(page, ref);
          await element.click({ button, clickCount: count, modifiers, timeout: timeoutMs });
          return;
        }
        if (x === undefined || y === undefined) throw browserErrors.TARGET_MISSING();
        for (const modifier of modifiers) await page.keyboard.down(modifier);
        try {
          await page.mouse.click(x, y, { button, clickCount: count });
        } finally {
          for (const modifier of modifiers) await page.keyboard.up(modifier);
        }
      }).then(({ state }) => state),
  });
}

export function typeTool(session: BrowserSession): Tool {
  return defineTool({
    ...browserType,
    handler: async (input, { signal }) => {
      const action = `Typing into ${input.ref ?? 'the page'}`;
      const { state, result: value } = await act(session, signal, input, action, async (page) => {
        const element = input.ref === undefined ? undefined : await elementOf(page, input.ref);
        if (element) await typeInto(element, page, input);
        else await typeIntoFocus(page, input);
        const now = element && (await valueOf(element));
        if (input.submit) await page.keyboard.press('Enter');
        return now;
      });
      return { ...state, ...(value !== undefined && { value }) };
    },
  });
}

async function typeInto(element: Locator, page: Page, input: ToolInput<typeof browserType>): Promise<void> {
  const { text, mode, timeoutMs: timeout } = input;
  try {
    if (mode === 'fill') {
      await element.fill(text, { timeout });
      if (input.submit) await element.focus({ timeout });
      return;
    }
    if (!(await element.isEditable({ timeout }))) throw new Error('is not editable');
    await element.focus({ timeout });
    await element.press('Control+End', { timeout });
    if (mode === 'keys') await element.pressSequentially(text, { timeout });
    else await page.keyboard.insertText(text);
  } catch (error) {
    const isRefusal =
      error instanceof Error && /is not (an? <|editable)|Malformed value|not an? .*input/i.test(error.message);
    if (!isRefusal) throw error;
    throw browserErrors.ELEMENT_NOT_EDITABLE(
      { ref: input.ref ?? '', reason: reasonOf(error.message) },
      { cause: error },
    );
  }
}

async function typeIntoFocus(page: Page, { text, mode }: ToolInput<typeof browserType>): Promise<void> {
  if (mode === 'keys') {
    await page.keyboard.type(text);
    return;
  }
  if (mode === 'fill') await page.keyboard.press('Control+a');
  if (text !== '') await page.keyboard.insertText(text);
  else if (mode === 'fill') await page.keyboard.press('Delete');
}

async function valueOf(element: Locator): Promise<string | undefined> {
  const read = element.evaluate(FIELD_VALUE);
  const value = await within(1000, read).catch(() => undefined);
  return value?.slice(0, MAX_VALUE_CHARS);
}

export function pressTool(session: BrowserSession): Tool {
  return defineTool({
    ...browserPress,
    handler: (input, { signal }) =>
      act(session, signal, { ...input, timeoutMs: PRESS_TIMEOUT_MS }, `Pressing ${input.key}`, async (page) => {
        const key = toPlaywrightKey(input.key);
        if (input.ref !== undefined) await (await elementOf(page, input.ref)).focus({ timeout: PRESS_TIMEOUT_MS });
        for (let pressed = 0; pressed < input.count && !signal.aborted; pressed += 1) {
          await page.keyboard.press(key).catch((error: unknown) => {
            if (error instanceof Error && error.message.includes('Unknown key')) {
              throw browserErrors.KEY_UNKNOWN({ key: input.key }, { cause: error });
            }
            throw error;
          });
        }
      }).then(({ state }) => state),
  });
}

export function scrollTool(session: BrowserSession): Tool {
  return defineTool({
    ...browserScroll,
    handler: async (input, { signal }) => {
      const withTimeout = { ...input, timeoutMs: PRESS_TIMEOUT_MS };
      const { state, result: scroll } = await act(session, signal, withTimeout, 'Scrolling', async (page) => {
        const element = input.ref === undefined ? undefined : await elementOf(page, input.ref);
        await element?.scrollIntoViewIfNeeded({ timeout: PRESS_TIMEOUT_MS });
        if (input.direction !== undefined || !element) await turnWheel(page, element, input);
        return page.evaluate(SCROLL_POSITION);
      });
      return { ...state, scroll };
    },
  });
}

async function turnWheel(
  page: Page,
  element: Locator | undefined,
  { direction = 'down', amountPx }: ToolInput<typeof browserScroll>,
): Promise<void> {
  const view = await page.evaluate(VIEWPORT);
  const box = (await element?.boundingBox()) ?? { x: 0, y: 0, ...view };
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const isVertical = direction === 'up' || direction === 'down';
  const amount = amountPx ?? Math.round((isVertical ? view.height : view.width) * 0.8);
  const signed = direction === 'up' || direction === 'left' ? -amount : amount;
  await page.mouse.wheel(isVertical ? 0 : signed, isVertical ? signed : 0);
  await within(2500, page.evaluate(SCROLL_END)).catch(() => undefined);
}

/** One action on the agent's tab: in front, one at a time, settled, followed into a tab that it opened, its failure explained. */
async function act<T>(
  session: BrowserSession,
  signal: AbortSignal,
  { snapshot, timeoutMs }: { snapshot: boolean; timeoutMs: number },
  action: string,
  run: (page: Page) => Promise<T>,
): Promise<{ state: BrowserState; result: T }> {
  return session.exclusively(signal, async () => {
    const page = await session.pageToActOn();
    try {
      const result = await unlessAborted(
        signal,
        session.acting(() => settled(page, () => run(page))),
      );
      return { state: await session.state(snapshot), result };
    } catch (error) {
      throw explainFailure(error, action, timeoutMs);
    }
  });
}
