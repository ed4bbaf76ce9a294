import { browserNavigate, browserTabs, type ToolInput } from '@sandpiper/protocol';
import type { Frame, Page, Response } from 'playwright-core';
import { defineTool, type Tool } from '../tool.ts';
import { browserErrors, explainFailure, reasonOf } from './errors.ts';
import { unlessAborted, within } from './patience.ts';
import type { BrowserSession } from './session.ts';
import { toUrl } from './url.ts';

/** After the document is there, images and scripts get this long before the result says `loaded: false`. */
const LOAD_GRACE_MS = 3000;

export function navigateTool(session: BrowserSession): Tool {
  return defineTool({
    ...browserNavigate,
    handler: (input, { signal }) =>
      session.exclusively(signal, async () => {
        const destination = destinationOf(input);
        const page = input.newTab ? await session.openTab() : await session.pageToActOn();
        const { response, isDownload } = await unlessAborted(signal, go(page, input, destination));
        const loaded = await page.waitForLoadState('load', { timeout: LOAD_GRACE_MS }).then(
          () => true,
          () => false,
        );
        const state = await session.state(input.snapshot && !isDownload);
        return { ...state, loaded, ...(response && { status: response.status() }) };
      }),
  });
}

function destinationOf({ action, url }: ToolInput<typeof browserNavigate>): string {
  if (action !== 'goto') return action;
  if (url === undefined) throw browserErrors.URL_INVALID({ url: '', reason: 'goto needs a url' });
  return toUrl(url);
}

async function go(
  page: Page,
  input: ToolInput<typeof browserNavigate>,
  destination: string,
  attemptsLeft = 1,
): Promise<{ response: Response | null; isDownload: boolean }> {
  const { action, timeoutMs } = input;
  const options = { waitUntil: 'domcontentloaded', timeout: timeoutMs } as const;
  const errorPage = arrivalOfErrorPage(page);
  try {
    const response =
      action === 'back'
        ? await page.goBack(options)
        : action === 'forward'
          ? await page.goForward(options)
          : action === 'reload'
            ? await page.reload(options)
            : await page.goto(destination, options);
    return { response, isDownload: false };
  } catch (error) {
    if (!(error instanceof Error) || error.name === 'TimeoutError') {
      throw explainFailure(error, `Opening ${destination}`, timeoutMs);
    }
    // The page was about to go elsewhere by itself.
    if (attemptsLeft > 0 && /interrupted by another navigation/.test(error.message)) {
      return await go(page, input, destination, attemptsLeft - 1);
    }
    // Chromium gives up the navigation when the answer turns out to be a file; the file arrives as a download.
    if (/Download is starting/.test(error.message)) return { response: null, isDownload: true };
    const code = /net::(ERR_\w+)/.exec(error.message)?.[1];
    if (code === undefined) throw explainFailure(error, `Opening ${destination}`, timeoutMs);
    if (code !== 'ERR_ABORTED') await within(1000, errorPage.arrived).catch(() => undefined);
    throw browserErrors.NAVIGATION_FAILED({ url: destination, reason: reasonOfNetwork(code) }, { cause: error });
  } finally {
    errorPage.stopWaiting();
  }
}

/** Chromium's error page is a navigation of its own, after the failure was reported; it would interrupt the agent's next one. */
function arrivalOfErrorPage(page: Page): { arrived: Promise<unknown>; stopWaiting(): void } {
  const { promise: arrived, resolve } = Promise.withResolvers<undefined>();
  const onNavigated = (frame: Frame): void => {
    if (frame === page.mainFrame() && frame.url().startsWith('chrome-error:')) resolve(undefined);
  };
  page.on('framenavigated', onNavigated);
  return { arrived, stopWaiting: () => page.off('framenavigated', onNavigated) };
}

function reasonOfNetwork(code: string): string {
  const reasons: Record<string, string> = {
    ERR_NAME_NOT_RESOLVED: 'the host name is unknown, or the sandbox has no network',
    ERR_INTERNET_DISCONNECTED: 'the sandbox has no network',
    ERR_CONNECTION_REFUSED: 'nothing listens at that address; start the server first',
    ERR_CONNECTION_TIMED_OUT: 'the host does not answer',
    ERR_ADDRESS_UNREACHABLE: 'the address cannot be reached from the sandbox',
    ERR_FILE_NOT_FOUND: 'there is no such file',
    ERR_ABORTED: 'the page stopped the navigation or had nothing to show',
    ERR_TOO_MANY_REDIRECTS: 'it redirects in a circle',
  };
  const reason = reasons[code];
  return reason === undefined ? reasonOf(code) : `${reason} (${code})`;
}

export function tabsTool(session: BrowserSession): Tool {
  return defineTool({
    ...browserTabs,
    handler: ({ action, tab, url }, { signal }) =>
      session.exclusively(signal, async () => {
        if (action === 'new') {
          const page = await session.openTab();
          if (url !== undefined) {
            const destination = toUrl(url);
            await unlessAborted(signal, go(page, { ...browserNavigate.input.parse({}), url }, destination));
          }
        } else if (action === 'select') {
          if (tab === undefined) throw browserErrors.TAB_NOT_FOUND({ tab: '(none given)', tabs: await names(session) });
          await session.selectTab(tab);
        } else if (action === 'close') {
          await session.closeTab(tab);
        }
        return { tabs: await session.tabs() };
      }),
  });
}

async function names(session: BrowserSession): Promise<string> {
  const tabs = await session.tabs();
  return tabs.map(({ tab }) => tab).join(', ');
}
