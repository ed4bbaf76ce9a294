import { Script } from 'node:vm';
import { browserEvaluate, browserScreenshot, browserSnapshot, type ToolInput } from '@sandpiper/protocol';
import type { Page } from 'playwright-core';
import { scalePicture } from '../desktop/picture.ts';
import { presentPicture } from '../desktop/present.ts';
import { defineTool, type Tool } from '../tool.ts';
import { elementOf } from './element.ts';
import { browserErrors, explainFailure, reasonOf } from './errors.ts';
import { DOCUMENT_SIZE, valueAsText, type ValueText } from './page-scripts.ts';
import { unlessAborted, within } from './patience.ts';
import type { BrowserSession } from './session.ts';
import { cut, snapshotOf } from './snapshot.ts';

const SCREENSHOT_TIMEOUT_MS = 15_000;
/** Chromium's largest texture: what is below it would come out empty. */
const MAX_PICTURE_HEIGHT = 16_384;

export function snapshotTool(session: BrowserSession): Tool {
  return defineTool({
    ...browserSnapshot,
    handler: ({ offset, maxChars }, { signal }) =>
      session.exclusively(signal, async () => {
        const page = await session.pageToLookAt();
        const whole = await unlessAborted(signal, snapshotOf(page, signal)).catch((error: unknown) => {
          throw explainFailure(error, 'Reading the page', 10_000);
        });
        const { text, nextOffset } = cut(whole, offset, maxChars);
        const state = await session.state(false);
        return {
          ...state,
          snapshot: text,
          totalChars: whole.length,
          ...(nextOffset !== undefined && { nextOffset }),
        };
      }),
  });
}

export function screenshotTool(session: BrowserSession): Tool {
  return defineTool({
    ...browserScreenshot,
    handler: (input, { signal }) =>
      session.exclusively(signal, async () => {
        const page = await session.pageToLookAt();
        const png = await unlessAborted(signal, capture(page, input)).catch((error: unknown) => {
          throw explainFailure(error, 'Taking a picture of the page', SCREENSHOT_TIMEOUT_MS);
        });
        const picture = await scalePicture(png, input);
        return { ...(await session.state(false)), ...picture };
      }),
    present: presentPicture,
  });
}

async function capture(page: Page, { ref, fullPage }: ToolInput<typeof browserScreenshot>): Promise<Buffer> {
  const options = { type: 'png', scale: 'css', timeout: SCREENSHOT_TIMEOUT_MS } as const;
  if (ref !== undefined) return (await elementOf(page, ref)).screenshot(options);
  if (!fullPage) return page.screenshot(options);
  const { width, height } = await page.evaluate(DOCUMENT_SIZE);
  if (height <= MAX_PICTURE_HEIGHT) return page.screenshot({ ...options, fullPage });
  return page.screenshot({ ...options, fullPage, clip: { x: 0, y: 0, width, height: MAX_PICTURE_HEIGHT } });
}

export function evaluateTool(session: BrowserSession): Tool {
  return defineTool({
    ...browserEvaluate,
    handler: (input, { signal }) =>
      session.exclusively(signal, async () => {
        const page = await session.pageToActOn();
        const { text, totalChars } = await evaluate(session, page, input, signal);
        return {
          ...(await session.state(false)),
          result: text,
          ...(totalChars > text.length && { resultTotalChars: totalChars }),
        };
      }),
  });
}

async function evaluate(
  session: BrowserSession,
  page: Page,
  { expression, ref, maxChars, timeoutMs }: ToolInput<typeof browserEvaluate>,
  signal: AbortSignal,
): Promise<ValueText> {
  assertScript(expression);
  const script = valueAsText(expression, maxChars);
  const element = ref === undefined ? undefined : await elementOf(page, ref);
  const interrupter = await session.interrupter(page);
  const running = element ? element.evaluate(script) : page.evaluate(script);
  try {
    return await within(timeoutMs, unlessAborted(signal, running));
  } catch (error) {
    if (signal.aborted || (error instanceof Error && error.name === 'TimeoutError')) {
      running.catch(() => undefined);
      await interrupter.interrupt().catch(() => undefined);
      throw signal.aborted ? (signal.reason as Error) : browserErrors.SCRIPT_TIMEOUT({ timeoutMs }, { cause: error });
    }
    if (!(error instanceof Error) || /crashed|has been closed/.test(error.message)) {
      throw explainFailure(error, 'The script', timeoutMs);
    }
    throw browserErrors.SCRIPT_FAILED({ reason: reasonOf(error.message) }, { cause: error });
  } finally {
    await interrupter.close();
  }
}

/** Compiles, never runs: so that a slip of the pen is told as such. */
function assertScript(expression: string): void {
  try {
    new Script(`(async () => (${expression}\n))`);
  } catch (error) {
    const reason = `${error instanceof Error ? error.message : String(error)}. Give one expression or one function.`;
    throw browserErrors.SCRIPT_FAILED({ reason }, { cause: error });
  }
}
