import { callTool, reply, say, silence } from '@sandpiper/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noComputers } from './support/host.ts';
import { ask, atRest, composer, seen, until } from './support/people.ts';
import { lives } from '@sandpiper/testing';
import { openStage } from './support/stage.ts';
import type { Stage } from './support/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

const stop = (): Promise<void> => stage.person.page.getByRole('button', { name: 'Stop', exact: true }).click();

test('Stop before the first token ends the run and the request to the model', async () => {
  const { model, person } = stage;
  model.script(silence);
  await ask(person.page, 'Think for ever');
  const request = await model.request(0);
  await stop();
  await seen(person.page, 'Stopped.');
  await expect(request.ended).resolves.toBe(false);
  await atRest(person.page);
});

describe.skipIf(noComputers)('with a computer', () => {
  test('Stop during a long command ends its process', async () => {
    const { model, person } = stage;
    model.script(reply(say('This takes long.'), callTool('shell_run', { command: 'sleep 98765', timeoutMs: 600_000 })));
    await ask(person.page, 'Wait long');
    await until(() => lives('sleep 98765'), 'the command runs');
    await stop();
    await until(async () => !(await lives('sleep 98765')), 'its process has ended', 5_000);
    await atRest(person.page);
  });

  test('Stop after a reload ends it just the same', async () => {
    const { model, person } = stage;
    model.script(reply(callTool('shell_run', { command: 'sleep 98764', timeoutMs: 600_000 })));
    await ask(person.page, 'Wait again');
    await until(() => lives('sleep 98764'), 'the command runs');
    await person.page.reload();
    await stop();
    await until(async () => !(await lives('sleep 98764')), 'its process has ended', 5_000);
    await atRest(person.page);
  });
});

test('the conversation goes on afterwards', async () => {
  const { model, person } = stage;
  model.script(reply(say('Here again.')));
  await composer(person.page).waitFor();
  await ask(person.page, 'Are you there?');
  await seen(person.page, 'Here again.');
});
