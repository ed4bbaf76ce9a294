import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { callTool, reply, say } from '@sandpiper/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noComputers } from './support/host.ts';
import { ask, atRest, seen, until } from './support/people.ts';
import { descendantsOf, survivorsOf } from '@sandpiper/testing';
import { startSandpiper, temporaryDataDir } from '@sandpiper/testing';
import { openStage } from './support/stage.ts';
import type { Stage } from './support/stage.ts';

describe.skipIf(noComputers)('Ctrl-C and a new start', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.close());

  test('leave no process, and bring back conversation, workspace and desktop', async () => {
    const { model, person } = stage;
    model.script(reply(callTool('files_write', { path: 'notes.txt', content: 'still here' })), reply(say('Noted.')));
    await ask(person.page, 'Note this');
    await seen(person.page, 'Noted.');
    await atRest(person.page);
    await person.page.locator('canvas').first().waitFor();

    const started = await descendantsOf(stage.sandpiper.process.pid ?? 0);
    expect(started.some(({ command }) => command.includes('Xtigervnc'))).toBe(true);
    expect(await stage.sandpiper.stop()).toBe(0);
    await until(async () => (await survivorsOf(started)).length === 0, 'nothing of it lives');

    await stage.restart();
    await person.page.reload();
    await seen(person.page, 'Noted.');
    await person.page.getByRole('button', { name: 'Wake', exact: true }).click();
    await person.page.locator('canvas').first().waitFor({ timeout: 30_000 });
    await person.page.getByRole('tab', { name: 'Files' }).click();
    await person.page.getByRole('treeitem', { name: /notes\.txt/ }).waitFor();
  });

  test('a second program on the same data says so in one line and ends', async () => {
    await expect(startSandpiper({ dataDir: stage.dataDir, inherited: process.env })).rejects.toThrow(
      new RegExp(`sandpiper: The data folder ${stage.dataDir} is in use by another Sandpiper \\(pid \\d+\\)\\.`),
    );
  });
});

describe('a start that cannot be', () => {
  let dataDir: string;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ dataDir, remove } = await temporaryDataDir());
    await mkdir(path.join(dataDir, 'config'));
  });
  afterAll(() => remove());

  test('a port in use is named', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await until(() => holder.listening, 'the port is taken');
    const { port } = holder.address() as AddressInfo;
    await expect(startSandpiper({ dataDir, inherited: process.env, env: { PORT: port.toString() } })).rejects.toThrow(
      `sandpiper: Port ${port} of 127.0.0.1 is already in use.`,
    );
    holder.close();
  });

  test.each(['providers.json', 'mcp.json'])('a broken %s is named', async (name) => {
    const configDir = path.join(dataDir, 'config');
    await writeFile(path.join(configDir, name), '{ "broken": ');
    const start = startSandpiper({ dataDir, inherited: process.env, env: { SANDPIPER_CONFIG_DIR: configDir } });
    await expect(start).rejects.toThrow(new RegExp(`^sandpiper: .*${path.join(configDir, name)}.*$`, 'm'));
    await rm(path.join(configDir, name));
  });

  test('a wrong setting is named', async () => {
    await expect(startSandpiper({ dataDir, inherited: process.env, env: { PORT: 'eighty' } })).rejects.toThrow(
      /sandpiper: PORT: /,
    );
  });
});
