import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { newPerson } from './support/browser.ts';
import { noComputers } from './support/host.ts';
import { ask, atRest, composer, seen, until } from './support/people.ts';
import { REQUEST, scriptShowcase } from './support/showcase.ts';
import { openStage } from './support/stage.ts';

/*
 * The pictures of the documentation, taken on the way through the pages they show. They are kept with
 * `SANDPIPER_SCREENSHOTS=1 npm test -- screenshots`; without it the same way is walked, and nothing is written.
 */
const folder = fileURLToPath(new URL('../docs/images/', import.meta.url));
const keeps = process.env['SANDPIPER_SCREENSHOTS'] === '1';

async function keep(page: Page, name: string): Promise<void> {
  const picture = await page.screenshot({ animations: 'disabled' });
  expect(picture.length).toBeGreaterThan(10_000);
  if (!keeps) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), animations: 'disabled' });
}

describe.skipIf(noComputers).each(['light', 'dark'] as const)('the pages in %s', (colorScheme) => {
  test('empty, streaming, desktop, files, phone', async () => {
    const stage = await openStage();
    try {
      const { page } = stage.person;
      await page.emulateMedia({ colorScheme });
      await keep(page, `empty-${colorScheme}`);

      const middle = scriptShowcase(stage.model);
      await ask(page, REQUEST);
      await seen(page, /as the time passes/);
      await page.locator('canvas').first().waitFor();
      await until(() => isDrawn(page), 'the page is on the desktop');
      await keep(page, `streaming-${colorScheme}`);

      middle.open();
      await seen(page, /Everything is in/);
      await atRest(page);
      await keep(page, `desktop-${colorScheme}`);

      await page.getByRole('tab', { name: 'Files' }).click();
      await page.getByRole('treeitem', { name: /pomodoro/ }).click();
      await page.getByRole('treeitem', { name: /serve\.mjs/ }).click();
      await page.getByText('createServer').first().waitFor();
      await keep(page, `files-${colorScheme}`);

      const phone = await newPerson(stage.browser, {
        viewport: { width: 390, height: 844 },
        deviceScaleFactor: 2,
        hasTouch: true,
        isMobile: true,
        colorScheme,
        storageState: await stage.person.context.storageState(),
      });
      await phone.page.goto(page.url());
      await composer(phone.page).waitFor();
      await seen(phone.page, /Everything is in/);
      await keep(phone.page, `phone-${colorScheme}`);
    } finally {
      await stage.close();
    }
  });
});

/** The ring of the timer is drawn in a colour that nothing else on the desktop has. */
function isDrawn(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const canvas = document.querySelector('canvas');
    const context = canvas?.getContext('2d');
    if (!canvas || !context) return false;
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let at = 0; at < data.length; at += 4) {
      // The desktop may come as JPEG, so near is near enough.
      const near = [15, 118, 110].every((value, channel) => Math.abs((data[at + channel] ?? 255) - value) < 12);
      if (near) found += 1;
    }
    return found > 500;
  });
}
