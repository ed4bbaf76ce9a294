import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { buildIfCheckout } from './build.ts';
import { readOptions } from './options.ts';
import { prepareHost } from './prepare-host.ts';
import { startSandpiper } from './sandpiper.ts';
import { welcome } from './welcome.ts';

/*
 * npm start: prepares the machine, builds what is stale, runs gateway and sandbox-manager in this process, prints one URL, and ends
 * everything on Ctrl-C.
 */
const root = path.resolve(import.meta.dirname, '../..');
const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string };
const print = (line: string): void => console.log(line);

const request = readOptions(process.argv.slice(2), process.env, {
  version,
  cwd: process.env['INIT_CWD'] ?? process.cwd(),
});
if (request.kind === 'print') {
  process[request.exitCode === 0 ? 'stdout' : 'stderr'].write(`${request.text.trimEnd()}\n`);
  process.exit(request.exitCode);
}
const { options } = request;
const log = pino({ level: options.logLevel }, pino.destination(2));

try {
  const host = await prepareHost({ consent: options.install, print });
  await buildIfCheckout(root, print);
  const running = await startSandpiper({ options, host, version, root, env: process.env, log });
  for (const line of welcome({ version, url: running.url, code: running.issueLoginCode(), notes: running.notes }))
    print(line);
  endOnSignal(running.close);
} catch (error) {
  // One line that names the thing; the stack is for whoever asks for it.
  console.error(`sandpiper: ${error instanceof Error ? error.message : String(error)}`);
  log.debug({ err: error }, 'start failed');
  process.exit(1);
}

/** The first signal ends everything in order; a second one does not wait for it. */
function endOnSignal(close: () => Promise<void>): void {
  let closing = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (closing) process.exit(130);
      closing = true;
      print('\nClosing: computers are put to sleep, workspaces stay …');
      close().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'closing failed');
          process.exit(1);
        },
      );
    });
  }
}
