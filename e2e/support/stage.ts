import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startModelServer } from '@sandpiper/testing';
import type { ModelServer } from '@sandpiper/testing';
import type { Browser } from 'playwright-core';
import { launchBrowser, newPerson } from './browser.ts';
import type { Person } from './browser.ts';
import { signIn } from './people.ts';
import { startSandpiper, temporaryDataDir } from '@sandpiper/testing';
import type { Sandpiper } from '@sandpiper/testing';

/** Sandpiper as `npm start` runs it, a scripted model behind it, and a person in front of it, signed in. */
export interface Stage {
  sandpiper: Sandpiper;
  model: ModelServer;
  browser: Browser;
  person: Person;
  dataDir: string;
  /** Starts it again on the same data; the person's browser stays as it is and must look at the new address. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface StageOptions {
  /** Files of the configuration folder: `mcp.json`, `providers.json`. */
  config?: Record<string, unknown>;
  env?: Record<string, string>;
}

export async function openStage({ config = {}, env = {} }: StageOptions = {}): Promise<Stage> {
  const { dataDir, remove } = await temporaryDataDir();
  const configDir = path.join(dataDir, 'config');
  await mkdir(configDir, { recursive: true });
  for (const [name, content] of Object.entries(config)) {
    await writeFile(path.join(configDir, name), JSON.stringify(content));
  }
  const model = await startModelServer();
  // The way a person configures OpenAI.
  const settings = { OPENAI_API_KEY: 'a-key-for-tests', OPENAI_BASE_URL: model.baseUrl, OPENAI_MODELS: 'scripted' };
  const start = (port = '0'): Promise<Sandpiper> =>
    startSandpiper({
      dataDir,
      inherited: process.env,
      env: { ...settings, SANDPIPER_CONFIG_DIR: configDir, PORT: port, ...env },
    });

  const browser = await launchBrowser();
  const stage: Stage = {
    sandpiper: await start(),
    model,
    browser,
    person: await newPerson(browser),
    dataDir,
    async restart() {
      // The same port, so that the page that is open finds it again.
      stage.sandpiper = await start(new URL(stage.sandpiper.url).port);
    },
    async close() {
      await browser.close();
      await stage.sandpiper.stop();
      await model.close();
      await remove();
    },
  };
  await signIn(stage.person.page, stage.sandpiper);
  return stage;
}
