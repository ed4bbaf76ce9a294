import { gate, reply, say } from '@sandpiper/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newPerson } from './support/browser.ts';
import { ask, atRest, conversation, seen, until } from './support/people.ts';
import { openStage } from './support/stage.ts';
import type { Stage } from './support/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

const WORDS = Array.from({ length: 60 }, (_, index) => `word${index.toString().padStart(2, '0')}`);
const wordsIn = (text: string): string[] => text.match(/word\d\d/g) ?? [];
const textOf = async (page: Stage['person']['page']): Promise<string> => (await conversation(page).textContent()) ?? '';

test('a reload in mid-message loses and repeats nothing', async () => {
  const { model, person } = stage;
  const first = gate();
  const second = gate();
  model.script(
    reply(
      say(WORDS.slice(0, 20).join(' ')),
      first.wait,
      say(` ${WORDS.slice(20, 40).join(' ')}`),
      second.wait,
      say(` ${WORDS.slice(40).join(' ')}`),
    ),
  );
  await ask(person.page, 'Count for me');
  await seen(person.page, /word19/);
  await person.page.reload();
  await seen(person.page, /word19/);
  first.open();
  await seen(person.page, /word39/);
  await person.page.reload();
  second.open();
  await seen(person.page, /word59/);
  await atRest(person.page);
  expect(wordsIn(await textOf(person.page))).toEqual(WORDS);
  await person.page.reload();
  await seen(person.page, /word59/);
  expect(wordsIn(await textOf(person.page))).toEqual(WORDS);
});

test('a second tab shows the same message as it grows', async () => {
  const { model, person } = stage;
  const middle = gate();
  model.script(reply(say('Both of us see this'), middle.wait, say(' and this too.')));
  const other = await person.context.newPage();
  await other.goto(person.page.url());
  await ask(person.page, 'Show it twice');
  for (const page of [person.page, other]) await seen(page, /Both of us see this/);
  middle.open();
  for (const page of [person.page, other]) await seen(page, /Both of us see this and this too\./);
  await other.close();
});

test('six tabs of one browser all load and stay live', async () => {
  const { model, person } = stage;
  // One stream each would use up the six connections that a browser opens to one server.
  const tabs = [person.page];
  for (let count = 1; count < 6; count++) {
    const tab = await person.context.newPage();
    await tab.goto(person.page.url());
    await seen(tab, /word59/);
    tabs.push(tab);
  }
  model.script(reply(say('Six tabs see me.')));
  await ask(person.page, 'Are you all there?');
  for (const tab of tabs) await seen(tab, 'Six tabs see me.');
  for (const tab of tabs.slice(1)) await tab.close();
});

test('a stranger sees neither the conversation nor whether it exists', async () => {
  const { browser, person, sandpiper } = stage;
  const stranger = await newPerson(browser);
  await stranger.page.goto(`${sandpiper.url}/sign-in`);
  await stranger.page.getByRole('button', { name: 'Create an account' }).click();
  await stranger.page.getByRole('textbox', { name: 'Name', exact: true }).fill('Eve');
  await stranger.page.getByRole('textbox', { name: 'E-mail' }).fill('eve@example.com');
  await stranger.page.getByLabel('Password').fill('correct horse battery');
  await stranger.page.getByRole('button', { name: 'Create account' }).click();
  await until(() => !stranger.page.url().includes('sign-in'), 'Eve is signed in');
  await stranger.page.goto(person.page.url());
  await stranger.page.getByText('This conversation is not there').waitFor();
  await stranger.context.close();
});
