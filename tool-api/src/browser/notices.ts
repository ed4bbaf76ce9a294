import path from 'node:path';
import type { BrowserState } from '@sandpiper/protocol';
import type { CDPSession, Dialog } from 'playwright-core';

type Notices = Pick<BrowserState, 'dialogs' | 'downloads' | 'openedTabs'>;
type Download = NonNullable<Notices['downloads']>[number];

const MAX_KEPT = 20;

/** What happened in the browser that no call asked for, kept until the next result tells the agent about it. */
export class NoticeBoard {
  readonly #downloadsDir: string;
  readonly #downloads = new Map<string, Download>();
  #dialogs: NonNullable<Notices['dialogs']> = [];
  #openedTabs: NonNullable<Notices['openedTabs']> = [];
  #unanswered: Dialog[] = [];

  /** @param downloadsDir absolute; where Chromium puts files */
  constructor(downloadsDir: string) {
    this.#downloadsDir = downloadsDir;
  }

  /** Has files put into the workspace, and hears of them. */
  async watchDownloads(cdp: CDPSession): Promise<void> {
    cdp.on('Browser.downloadWillBegin', ({ guid, url, suggestedFilename }) => {
      const file = path.join(this.#downloadsDir, path.basename(suggestedFilename));
      if (this.#downloads.size < MAX_KEPT) this.#downloads.set(guid, { path: file, url, state: 'inProgress' });
    });
    cdp.on('Browser.downloadProgress', ({ guid, state, filePath }) => {
      const known = this.#downloads.get(guid);
      if (known) this.#downloads.set(guid, { ...known, state, path: filePath ?? known.path });
    });
    await cdp.send('Browser.setDownloadBehavior', {
      behavior: 'allow',
      downloadPath: this.#downloadsDir,
      eventsEnabled: true,
    });
  }

  tabOpened(tab: string, url: string): void {
    if (this.#openedTabs.length < MAX_KEPT) this.#openedTabs.push({ tab, url });
  }

  /**
   * A dialog blocks its page until somebody answers it. While a person has control that is the person's to do; what is still open
   * when the agent acts again is dismissed then.
   */
  async dialogOpened(dialog: Dialog, isPersons: boolean): Promise<void> {
    if (isPersons) this.#unanswered.push(dialog);
    else await this.#answer(dialog);
  }

  async dismissLeftOpen(): Promise<void> {
    const leftOpen = this.#unanswered;
    this.#unanswered = [];
    for (const dialog of leftOpen) await this.#answer(dialog);
  }

  /** What has to be told, once. A download is told again when it has ended. */
  take(): Notices {
    const notices: Notices = {
      ...(this.#dialogs.length > 0 && { dialogs: this.#dialogs }),
      ...(this.#downloads.size > 0 && { downloads: [...this.#downloads.values()] }),
      ...(this.#openedTabs.length > 0 && { openedTabs: this.#openedTabs }),
    };
    this.#dialogs = [];
    this.#openedTabs = [];
    for (const [guid, { state }] of this.#downloads) if (state !== 'inProgress') this.#downloads.delete(guid);
    return notices;
  }

  async #answer(dialog: Dialog): Promise<void> {
    const type = dialog.type();
    // "Leave this page?" dismissed would keep the agent from navigating.
    const answered = await (type === 'beforeunload' ? dialog.accept() : dialog.dismiss()).then(
      () => true,
      () => false, // the person was faster
    );
    if (answered && type !== 'beforeunload' && this.#dialogs.length < MAX_KEPT) {
      this.#dialogs.push({ type, message: dialog.message().slice(0, 1000), url: dialog.page()?.url() ?? '' });
    }
  }
}
