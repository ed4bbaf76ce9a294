import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { callTool, gate, reply, say } from '@sandpiper/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noComputers } from './support/host.ts';
import { ask, atRest, conversation, seen, until } from './support/people.ts';
import { lives } from '@sandpiper/testing';
import { openStage } from './support/stage.ts';
import type { Stage } from './support/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

test('killed in mid-message: the cut-off text is kept and marked, and the run goes on', async () => {
  const { model, person } = stage;
  const never = gate();
  model.script(reply(say('The first half is here'), never.wait), reply(say('And now the rest.')));
  await ask(person.page, 'Tell me something long');
  await seen(person.page, 'The first half is here');
  // Growth is saved about once a second; what a person saw for longer than that must survive.
  await until(() => isSaved('The first half is here'), 'the growing text is saved');
  await stage.sandpiper.kill();
  await stage.restart();
  await seen(person.page, 'And now the rest.');
  await atRest(person.page);
  await seen(person.page, 'The first half is here');
  await seen(person.page, 'Interrupted, and continued from here.');
  expect((await conversation(person.page).textContent())?.match(/The first half is here/g)).toHaveLength(1);
});

function isSaved(text: string): boolean {
  const database = new DatabaseSync(path.join(stage.dataDir, 'sandpiper.db'), { readOnly: true });
  try {
    return JSON.stringify(database.prepare('SELECT * FROM partials').all()).includes(text);
  } finally {
    database.close();
  }
}

describe.skipIf(noComputers)('with a computer', () => {
  test('killed in a tool: the step is marked as cut off, the model is told, and the computer is still there', async () => {
    const { model, person } = stage;
    model.script(
      reply(callTool('files_write', { path: 'kept.txt', content: 'written before the crash' })),
      reply(callTool('shell_run', { command: 'sleep 98763', timeoutMs: 600_000 })),
      reply(callTool('files_read', { path: 'kept.txt' })),
      reply(say('I looked, and went on.')),
    );
    await ask(person.page, 'Work, and survive');
    await until(() => lives('sleep 98763'), 'the command runs');
    await stage.sandpiper.kill();
    await stage.restart();
    await seen(person.page, 'I looked, and went on.');
    await atRest(person.page);
    await person.page.reload();
    await seen(person.page, 'I looked, and went on.');
    await expect.poll(() => conversation(person.page).getByText('Cut off').count()).toBeGreaterThan(0);
    const told = JSON.stringify(model.requests.at(-1)?.body.messages);
    expect(told).toMatch(/interrupted/i);
    expect(told).toContain('written before the crash');
  });
});
