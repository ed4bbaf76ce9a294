import { cutMidLine, errorInStream, failure, reply, say } from '@sandpiper/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, atRest, conversation, seen } from './support/people.ts';
import { openStage } from './support/stage.ts';
import type { Stage } from './support/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

/** A run that failed leaves a notice that names the cause, and a conversation that goes on. */
async function expectNotice(message: string, notice: RegExp): Promise<void> {
  const { model, person } = stage;
  await ask(person.page, message);
  await seen(person.page, notice);
  await atRest(person.page);
  model.script(reply(say(`Still here after: ${message}`)));
  await ask(person.page, 'Go on');
  await seen(person.page, `Still here after: ${message}`);
  await atRest(person.page);
}

test('a refused key is named, with the variable that holds it', async () => {
  stage.model.script(failure(401));
  await expectNotice('refused', /OPENAI_API_KEY/);
});

test('an error in mid-stream under HTTP 200 keeps what came before, and says so', async () => {
  stage.model.script(
    ...Array.from({ length: 6 }, () =>
      reply(say('The beginning stays.'), errorInStream('The model fell over', 'overloaded')),
    ),
  );
  await expectNotice('mid-stream', /The model fell over|overloaded/);
  expect(await conversation(stage.person.page).textContent()).toContain('The beginning stays.');
});

test('too many requests are tried again, visibly', async () => {
  stage.model.script(failure(429, { retryAfter: '1' }), reply(say('Second time lucky.')));
  const { page } = stage.person;
  await ask(page, 'busy');
  await seen(page, /Trying again/);
  await seen(page, 'Second time lucky.');
  await atRest(page);
});

test('a connection that is cut is tried again, and nothing is shown twice', async () => {
  stage.model.script(reply(cutMidLine), reply(say('Whole again.')));
  const { page } = stage.person;
  await ask(page, 'cut');
  await seen(page, 'Whole again.');
  await atRest(page);
  expect((await conversation(page).textContent())?.match(/Whole again\./g)).toHaveLength(1);
});

test('a provider that is down is named', async () => {
  await stage.model.close();
  const { page } = stage.person;
  await ask(page, 'down');
  await conversation(page)
    .getByText(/OpenAI.*(reach|connect)/i)
    .first()
    .waitFor({ timeout: 60_000 });
  await atRest(page);
});
