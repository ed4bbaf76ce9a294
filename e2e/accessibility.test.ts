import { AxeBuilder } from '@axe-core/playwright';
import { reply, say, think } from '@sandpiper/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newPerson } from './support/browser.ts';
import { ask, atRest, composer, seen } from './support/people.ts';
import { openStage } from './support/stage.ts';
import type { Stage } from './support/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

/** What axe calls serious or critical, as one line each. */
async function violationsOf(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test('the empty page', async () => {
    const { page } = stage.person;
    await page.emulateMedia({ colorScheme });
    await page.goto(stage.sandpiper.url);
    await composer(page).waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  test('a conversation', async () => {
    const { page } = stage.person;
    stage.model.script(
      reply(
        think('Let me see.'),
        say('# A heading\n\nSome *text*, `code` and a [link](https://example.com).\n\n```js\nlet a = 1;\n```'),
      ),
    );
    await ask(page, 'Write something');
    await seen(page, 'A heading');
    await atRest(page);
    expect(await violationsOf(page)).toEqual([]);
  });

  test('the files', async () => {
    const { page } = stage.person;
    await page.getByRole('tab', { name: 'Files' }).click();
    expect(await violationsOf(page)).toEqual([]);
  });

  test('signing in', async () => {
    const stranger = await newPerson(stage.browser, { colorScheme });
    await stranger.page.goto(`${stage.sandpiper.url}/sign-in`);
    await stranger.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
    expect(await violationsOf(stranger.page)).toEqual([]);
    await stranger.context.close();
  });
});
