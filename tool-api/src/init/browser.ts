import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Settings } from './settings.ts';

/** Chromium's command line: its own profile, quiet, no phoning home, debugging on the loopback of this sandbox only. */
export function browserArguments(settings: Settings): string[] {
  const { width, height } = settings.displaySize;
  return [
    `--user-data-dir=${profileOf(settings)}`,
    `--remote-debugging-port=${settings.cdpPort.toString()}`,
    `--window-size=${width.toString()},${height.toString()}`,
    '--window-position=0,0',
    '--start-maximized',
    '--no-first-run',
    '--no-default-browser-check',
    '--hide-crash-restore-bubble',
    '--disable-background-networking',
    '--disable-breakpad',
    '--disable-component-update',
    '--disable-quic',
    '--disable-sync',
    '--disable-search-engine-choice-screen',
    '--disable-features=MediaRouter,OptimizationHints,Translate',
    '--password-store=basic',
    // There is no GPU here: without this the browser tries each driver before it falls back, which costs start-up time.
    '--disable-gpu',
    // `--test-type` only hides the bar that warns of the missing sandbox; the Sandbox's condition says it instead.
    ...(settings.browserSandbox ? [] : ['--no-sandbox', '--test-type']),
    'about:blank',
  ];
}

/**
 * Makes the profile's folder, and removes the lock of a browser that ran in an earlier instance: it names host and process
 * id, and both may exist again here, in which case the new browser would hand its windows over to nobody.
 */
export async function prepareProfile(settings: Settings): Promise<void> {
  const profile = profileOf(settings);
  await mkdir(profile, { recursive: true, mode: 0o700 });
  await Promise.all(
    ['SingletonLock', 'SingletonCookie', 'SingletonSocket'].map((name) =>
      rm(path.join(profile, name), { force: true }),
    ),
  );
}

function profileOf(settings: Settings): string {
  return path.join(settings.workspace, '.config/chromium-sandpiper');
}
