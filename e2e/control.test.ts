import { callTool, gate, reply, say } from '@sandpiper/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noComputers } from './support/host.ts';
import { ask, atRest, seen, until } from './support/people.ts';
import { openStage } from './support/stage.ts';
import type { Stage } from './support/stage.ts';

const PAGE =
  'data:text/html,<title>Form</title><body style="margin:0"><textarea autofocus style="width:100vw;height:100vh;font-size:40px"></textarea>';
const READ = { expression: 'document.querySelector("textarea").value' };

describe.skipIf(noComputers)('control of the desktop', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.close());

  test('a person takes over, types, the agent is refused meanwhile, and gets it back', async () => {
    const { model, person } = stage;
    const { page } = person;
    const taken = gate();
    model.script(
      reply(callTool('browser_navigate', { url: PAGE }), say('Your turn.')),
      reply(taken.wait, callTool('browser_type', { text: 'the agent was here' })),
      reply(say('I was refused.')),
    );
    await ask(page, 'Let me type');
    await page.locator('canvas').first().waitFor({ timeout: 30_000 });
    await page.getByRole('button', { name: 'Take over' }).click();
    await page.getByRole('button', { name: 'Hand back' }).waitFor();
    taken.open();
    await seen(page, 'I was refused.');
    await atRest(page);
    expect(JSON.stringify(model.requests.at(-1)?.body.messages)).toContain('CONTROL_HELD');

    const canvas = page.locator('canvas').first();
    await canvas.click({ position: await middleOf(canvas) });
    await page.keyboard.type('typed by hand', { delay: 20 });
    await page.getByRole('button', { name: 'Hand back' }).click();
    await page.getByRole('button', { name: 'Take over' }).waitFor();

    model.script(reply(callTool('browser_evaluate', READ)), reply(say('I read it.')));
    await ask(page, 'What did I type?');
    await seen(page, 'I read it.');
    await until(
      () => JSON.stringify(model.requests.at(-1)?.body.messages).includes('typed by hand'),
      'the agent sees it',
    );
  });

  test('without control nothing that is typed arrives', async () => {
    const { model, person } = stage;
    const canvas = person.page.locator('canvas').first();
    await canvas.click({ position: await middleOf(canvas) });
    await person.page.keyboard.type('from the gallery', { delay: 5 });
    model.script(reply(callTool('browser_evaluate', READ)), reply(say('Read again.')));
    await ask(person.page, 'And now?');
    await seen(person.page, 'Read again.');
    expect(JSON.stringify(model.requests.at(-1)?.body.messages)).not.toContain('from the gallery');
  });
});

async function middleOf(canvas: ReturnType<Stage['person']['page']['locator']>): Promise<{ x: number; y: number }> {
  const box = await canvas.boundingBox();
  return { x: (box?.width ?? 2) / 2, y: (box?.height ?? 2) / 2 };
}
