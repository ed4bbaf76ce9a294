import { reply, say } from '@sandpiper/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newPerson } from './support/browser.ts';
import type { Person } from './support/browser.ts';
import { ask, composer, seen } from './support/people.ts';
import { openStage } from './support/stage.ts';
import type { Stage } from './support/stage.ts';

let stage: Stage;
let phone: Person;
beforeAll(async () => {
  stage = await openStage();
  // The same person on a telephone: signed in by what their browser holds.
  const storageState = await stage.person.context.storageState();
  phone = await newPerson(stage.browser, {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
    storageState,
  });
  await phone.page.goto(stage.sandpiper.url);
  await composer(phone.page).waitFor();
});
afterAll(() => stage.close());

const overflow = (): Promise<number> =>
  phone.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test('a conversation fits 390 px', async () => {
  stage.model.script(
    reply(
      say(
        'A long line of code:\n\n```sh\n' +
          'echo '.repeat(60) +
          '\n```\n\n| a | b |\n|---|---|\n| ' +
          'wide '.repeat(40) +
          ' | c |',
      ),
    ),
  );
  await ask(phone.page, 'Something wide');
  await seen(phone.page, /A long line of code/);
  expect(await overflow()).toBe(0);
});

test('Chat, Computer and Files are one touch away', async () => {
  const bar = phone.page.getByRole('navigation', { name: 'Views' });
  for (const view of ['Computer', 'Files', 'Chat']) {
    await bar.getByText(view, { exact: true }).tap();
    expect(await overflow()).toBe(0);
  }
  await composer(phone.page).waitFor();
});

test('Enter does not send while an input method composes', async () => {
  const { page } = stage.person;
  const before = stage.model.requests.length;
  await composer(page).fill('ni');
  await composer(page).evaluate((element) => {
    element.dispatchEvent(new CompositionEvent('compositionstart', { bubbles: true }));
    element.dispatchEvent(
      new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }),
    );
  });
  expect(await composer(page).inputValue()).toBe('ni');
  expect(stage.model.requests.length).toBe(before);
});
