import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { callTool, reply, say } from '@sandpiper/testing';
import type { ModelServer } from '@sandpiper/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Person } from './support/browser.ts';
import { noComputers } from './support/host.ts';
import { ask, atRest, conversation, seen, until } from './support/people.ts';
import { openStage } from './support/stage.ts';
import type { Stage } from './support/stage.ts';

/** What the program in the sandbox writes: every byte value, so that no layer may treat it as text. */
const BYTES = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7) % 256));
/** A colour that nothing else on the desktop has. */
const COLOUR = { css: '#c2185b', rgb: [194, 24, 91] as const };
const PAGE = `<title>Made in the sandbox</title><body style="margin:0;height:100vh;background:${COLOUR.css}">`;

describe.skipIf(noComputers)('a new person asks for something', () => {
  let stage: Stage;
  let model: ModelServer;
  let person: Person;

  beforeAll(async () => {
    const server = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));
    stage = await openStage({
      config: { 'mcp.json': { mcpServers: { everything: { command: process.execPath, args: [server, 'stdio'] } } } },
    });
    ({ model, person } = stage);
  });
  afterAll(() => stage.close());

  test('the code is gone from the address bar', () => {
    expect(person.page.url()).not.toContain('code=');
  });

  test('the agent writes a program, runs it, and is told what it printed', async () => {
    const program = [
      'const bytes = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7) % 256));',
      "require('node:fs').writeFileSync('bytes.bin', bytes);",
      "console.log('wrote', bytes.length, 'bytes');",
    ].join('\n');
    model.script(
      reply(say('I write a program and run it.'), callTool('files_write', { path: 'make.cjs', content: program })),
      reply(callTool('shell_run', { command: 'node make.cjs' })),
      reply(say('The file is there.')),
    );
    await ask(person.page, 'Make me a file with all byte values');
    await seen(person.page, 'The file is there.');
    await atRest(person.page);
    const told = model.requests
      .at(-1)
      ?.body.messages?.find((message) => message.role === 'tool' && JSON.stringify(message).includes('wrote'));
    expect(JSON.stringify(told)).toContain('wrote 4096 bytes');
  });

  test('the browser in the computer opens a page that is served there, and its pixels reach the person', async () => {
    const serve = `mkdir -p site && cat > site/index.html <<'E'\n${PAGE}\nE\nnode -e "require('http').createServer((q,s)=>{s.setHeader('content-type','text/html');s.end(require('fs').readFileSync('site/index.html'))}).listen(8123,'127.0.0.1')"`;
    model.script(
      reply(callTool('shell_run', { command: serve, timeoutMs: 1000 })),
      reply(callTool('browser_navigate', { url: 'http://127.0.0.1:8123/' })),
      reply(say('The page is open.')),
    );
    await ask(person.page, 'Show me a page');
    await seen(person.page, 'The page is open.');
    await until(() => canvasShows(person), 'the colour of the page is on the canvas');
  });

  test('the file is in Files, and downloads byte for byte', async () => {
    const { page } = person;
    await page.getByRole('tab', { name: 'Files' }).click();
    await page.getByRole('treeitem', { name: /bytes\.bin/ }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download', exact: true }).first().click(),
    ]);
    expect(download.suggestedFilename()).toBe('bytes.bin');
    expect(sha256(await readFile(await download.path()))).toBe(sha256(BYTES));
  });

  test('a tool of a real MCP server is called', async () => {
    model.script(
      reply(callTool('mcp__everything__echo', { message: 'from afar' })),
      reply(say('The server answered.')),
    );
    await ask(person.page, 'Ask the other server');
    await seen(person.page, 'The server answered.');
    expect(JSON.stringify(model.requests.at(-1)?.body.messages)).toContain('Echo: from afar');
    await conversation(person.page)
      .getByRole('button', { name: /everything/ })
      .first()
      .click();
    await seen(person.page, /Echo: from afar/);
  });

  test('nothing went wrong in the page meanwhile', () => {
    expect(person.problems).toEqual([]);
  });
});

/** Looks at the desktop as the person's browser drew it, away from the pointer in the middle. */
function canvasShows({ page }: Person): Promise<boolean> {
  return page.evaluate(([red, green, blue]) => {
    const canvas = document.querySelector('canvas');
    const context = canvas?.getContext('2d');
    if (!canvas || !context) return false;
    const { data } = context.getImageData(canvas.width / 4, canvas.height / 2, 40, 40);
    for (let at = 0; at < data.length; at += 4) {
      const near = [red, green, blue].every((value, channel) => Math.abs((data[at + channel] ?? -99) - value) < 12);
      if (!near) return false;
    }
    return true;
  }, COLOUR.rgb);
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
