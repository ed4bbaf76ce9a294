import type { Page, Request } from 'playwright-core';
import { TURN } from './page-scripts.ts';
import { within } from './patience.ts';

const NAVIGATION_MS = 8000;

/** Runs an action and waits for what it set off: scripts that answer to it, and a navigation until its document is there. */
export async function settled<T>(page: Page, act: () => Promise<T>): Promise<T> {
  let navigation: Promise<unknown> | undefined;
  const onRequest = (request: Request): void => {
    if (request.isNavigationRequest() && isOfMainFrame(request, page)) navigation = endOf(request, page);
  };
  page.on('request', onRequest);
  try {
    const result = await act();
    await turnOfThePage(page);
    if (navigation) {
      await within(NAVIGATION_MS, navigation).catch(() => undefined);
      await page.waitForLoadState('domcontentloaded', { timeout: NAVIGATION_MS }).catch(() => undefined);
    }
    return result;
  } finally {
    page.off('request', onRequest);
  }
}

function isOfMainFrame(request: Request, page: Page): boolean {
  try {
    return request.frame() === page.mainFrame();
  } catch {
    return false; // of a tab that has just been opened
  }
}

async function endOf(request: Request, page: Page): Promise<void> {
  const done = Promise.withResolvers<undefined>();
  const onFailed = (failed: Request): void => {
    if (failed === request) done.resolve(undefined); // a download, or an answer without content
  };
  const onNavigated = (frame: unknown): void => {
    if (frame === page.mainFrame()) done.resolve(undefined);
  };
  page.on('requestfailed', onFailed);
  page.on('framenavigated', onNavigated);
  await within(NAVIGATION_MS, done.promise).finally(() => {
    page.off('requestfailed', onFailed);
    page.off('framenavigated', onNavigated);
  });
}

async function turnOfThePage(page: Page): Promise<void> {
  await within(500, page.evaluate(TURN)).catch(() => undefined);
}
