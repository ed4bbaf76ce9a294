import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * Where distributions put Chromium, and Google its Chrome: the programs themselves, because the scripts around them cost a
 * few hundred milliseconds at every start. Ubuntu's `/usr/bin/chromium-browser` only asks for a snap, so it is not here.
 */
const BROWSERS = [
  '/usr/lib/chromium/chromium',
  '/usr/lib64/chromium-browser/chromium-browser',
  '/usr/lib/chromium-browser/chromium-browser',
  '/opt/google/chrome/chrome',
  '/opt/chromium/chrome',
];

/** The browser for sandboxes; undefined when there is none. */
export function findBrowser(): string | undefined {
  return BROWSERS.find((file) => existsSync(file));
}

/** Folders beside /usr that must be visible for that browser to start. */
export function foldersOf(browser: string): string[] {
  return browser.startsWith('/usr/') ? [] : [path.dirname(browser)];
}
