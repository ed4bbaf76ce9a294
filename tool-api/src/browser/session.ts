import { mkdir } from 'node:fs/promises';
import type { BrowserState, BrowserTab } from '@sandpiper/protocol';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { ControlArbiter } from '../control/lease.ts';
import { browserErrors, reasonOf } from './errors.ts';
import { NoticeBoard } from './notices.ts';
import { VISIBILITY } from './page-scripts.ts';
import { within } from './patience.ts';
import { cut, snapshotOf } from './snapshot.ts';

export interface BrowserOptions {
  /** Chromium's debugging port on loopback. */
  cdpPort: number;
  /** Absolute; made when missing. */
  downloadsDir: string;
  control: ControlArbiter;
}

interface Connection {
  browser: Browser;
  context: BrowserContext;
}

const CONNECT_TIMEOUT_MS = 5000;
/** Short enough to go along with every action. */
const STATE_SNAPSHOT_CHARS = 4000;

/**
 * The agent's hold on the visible browser: connects at the first use and again when the browser was restarted, remembers the tab that
 * the agent works in, and keeps that tab in front, so that the person sees what happens.
 */
export class BrowserSession {
  readonly #options: BrowserOptions;
  readonly #notices: NoticeBoard;
  readonly #tabNames = new WeakMap<Page, string>();
  #tabCount = 0;
  #connecting: Promise<Connection> | undefined;
  #active: Page | undefined;
  #acting = false;
  #takesSeen = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: BrowserOptions) {
    this.#options = options;
    this.#notices = new NoticeBoard(options.downloadsDir);
  }

  /** Runs one use of the browser after the other: two actions at once on one page would each spoil what the other sees. */
  async exclusively<T>(signal: AbortSignal, use: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(() => {
      signal.throwIfAborted();
      return use();
    });
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** The agent's tab, in front, ready for input. */
  async pageToActOn(): Promise<Page> {
    const page = await this.#currentPage();
    await this.#notices.dismissLeftOpen();
    await within(2000, page.bringToFront()).catch(() => undefined);
    return page;
  }

  /** The agent's tab. Brought to front unless a person is at the mouse: looking must not switch tabs under their hands. */
  async pageToLookAt(): Promise<Page> {
    return this.#options.control.current().holder === 'agent' ? this.pageToActOn() : this.#currentPage();
  }

  /** Follows tabs that a page opens while `act` runs. */
  async acting<T>(act: () => Promise<T>): Promise<T> {
    this.#acting = true;
    try {
      return await act();
    } finally {
      this.#acting = false;
    }
  }

  /** Where the agent is now and what it has to be told; the active tab may be another than before. */
  async state(snapshot: boolean): Promise<BrowserState> {
    const page = await this.#currentPage();
    const base = { tab: this.#nameOf(page), url: page.url(), title: await titleOf(page), ...this.#notices.take() };
    if (!snapshot) return base;
    // The action itself worked: a page that has no snapshot (a PDF, a busy one) is no reason to fail.
    const text = await within(5000, snapshotOf(page)).catch(() => '');
    const part = cut(text, 0, STATE_SNAPSHOT_CHARS);
    return {
      ...base,
      snapshot: part.text,
      ...(part.nextOffset !== undefined && { snapshotTotalChars: text.length }),
    };
  }

  async tabs(): Promise<BrowserTab[]> {
    const active = await this.#currentPage();
    const { context } = await this.#connect();
    return Promise.all(
      context.pages().map(async (page) => ({
        tab: this.#nameOf(page),
        url: page.url(),
        title: await titleOf(page),
        active: page === active,
      })),
    );
  }

  async openTab(): Promise<Page> {
    const { context } = await this.#connect();
    this.#active = await context.newPage();
    return this.#active;
  }

  async selectTab(name: string): Promise<void> {
    this.#active = await this.#find(name);
    await within(2000, this.#active.bringToFront()).catch(() => undefined);
  }

  /** Closes a tab, the active one without a name. The last one is emptied instead: without tabs Chromium would end. */
  async closeTab(name?: string): Promise<void> {
    const { context } = await this.#connect();
    const page = name === undefined ? await this.#currentPage() : await this.#find(name);
    if (context.pages().length === 1) this.#active = await context.newPage();
    await within(5000, page.close());
    if (this.#active === page) this.#active = context.pages().at(-1);
    await this.#active?.bringToFront();
  }

  /**
   * Makes ready to stop the scripts of a page. It must be done before: a page that is busy lets no debugger in, but listens to one that
   * is there.
   */
  async interrupter(page: Page): Promise<{ interrupt(): Promise<void>; close(): Promise<void> }> {
    const { context } = await this.#connect();
    const cdp = await within(3000, context.newCDPSession(page)).catch((error: unknown) => {
      throw browserErrors.PAGE_BUSY({}, { cause: error });
    });
    return {
      interrupt: async () => {
        await within(2000, cdp.send('Runtime.terminateExecution'));
      },
      close: () => within(1000, cdp.detach()).catch(() => undefined),
    };
  }

  /** Lets go of the browser; it goes on running. */
  async close(): Promise<void> {
    const connection = await this.#connecting?.catch(() => undefined);
    this.#connecting = undefined;
    await connection?.browser.close();
  }

  async #currentPage(): Promise<Page> {
    const { context } = await this.#connect();
    // After a person was at the mouse, go on with the tab that they left open.
    const { takes } = this.#options.control;
    if (takes !== this.#takesSeen) this.#active = undefined;
    this.#takesSeen = takes;
    if (!this.#active || this.#active.isClosed()) {
      this.#active = (await visiblePage(context.pages())) ?? (await context.newPage());
    }
    return this.#active;
  }

  async #find(name: string): Promise<Page> {
    const { context } = await this.#connect();
    const page = context.pages().find((candidate) => this.#nameOf(candidate) === name);
    if (page) return page;
    throw browserErrors.TAB_NOT_FOUND({
      tab: name,
      tabs: context
        .pages()
        .map((each) => this.#nameOf(each))
        .join(', '),
    });
  }

  #nameOf(page: Page): string {
    const known = this.#tabNames.get(page);
    if (known !== undefined) return known;
    const name = `t${++this.#tabCount}`;
    this.#tabNames.set(page, name);
    return name;
  }

  #connect(): Promise<Connection> {
    this.#connecting ??= this.#open().catch((error: unknown) => {
      this.#connecting = undefined;
      throw error;
    });
    return this.#connecting;
  }

  async #open(): Promise<Connection> {
    const { cdpPort, downloadsDir } = this.#options;
    // 40 MB and a third of a second: loaded by the first call, not at start-up.
    const { chromium } = await import('playwright-core');
    // Without `noDefaults` playwright would emulate focus and hide downloads under random names, also from the person.
    const browser = await chromium
      .connectOverCDP(`http://127.0.0.1:${cdpPort}`, { noDefaults: true, isLocal: true, timeout: CONNECT_TIMEOUT_MS })
      .catch((error: unknown) => {
        const reason = error instanceof Error ? reasonOf(error.message) : String(error);
        throw browserErrors.BROWSER_UNAVAILABLE({ reason: `${reason}.` }, { cause: error });
      });
    const [context] = browser.contexts();
    if (!context) throw browserErrors.BROWSER_UNAVAILABLE({ reason: 'it has no window.' });
    browser.once('disconnected', () => {
      this.#connecting = undefined;
      this.#active = undefined;
    });
    await mkdir(downloadsDir, { recursive: true });
    await this.#notices.watchDownloads(await browser.newBrowserCDPSession());
    context.on('dialog', (dialog) => {
      void this.#notices.dialogOpened(dialog, this.#options.control.current().holder === 'person');
    });
    context.on('page', (page) => void this.#follow(page));
    return { browser, context };
  }

  async #follow(page: Page): Promise<void> {
    if (!this.#acting || (await page.opener().catch(() => null)) !== this.#active) return;
    this.#active = page;
    this.#notices.tabOpened(this.#nameOf(page), page.url());
  }
}

async function titleOf(page: Page): Promise<string> {
  return within(2000, page.title()).catch(() => '');
}

async function visiblePage(pages: Page[]): Promise<Page | undefined> {
  const visibility = await Promise.all(
    pages.map((page) => within(500, page.evaluate(VISIBILITY)).catch(() => 'hidden')),
  );
  return pages[visibility.indexOf('visible')] ?? pages.at(-1);
}
