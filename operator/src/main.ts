import { loadKubeConfig } from '@sandpiper/kube';
import { pino } from 'pino';
import manifest from '../package.json' with { type: 'json' };
import { makeMissingKeys, readKeyFiles } from './keys/key-files.ts';
import { readOptions } from './options.ts';
import { createProgram } from './program.ts';

const request = readOptions(process.argv.slice(2), process.env, manifest.version);
if (request.kind === 'print') {
  process[request.exitCode === 0 ? 'stdout' : 'stderr'].write(request.text);
  process.exit(request.exitCode);
}
const { options } = request;
const log = pino({ name: 'operator', level: options.logLevel });

try {
  if (options.makeKeys) await makeMissingKeys(options.keysDir);
  const program = createProgram({
    kubeConfig: loadKubeConfig({ path: options.kubeconfig, context: options.context }),
    keys: await readKeyFiles(options.keysDir),
    options,
    log,
    version: manifest.version,
    onLost(error) {
      // What was under way may still be: only the end of the process makes sure that it does not go on.
      log.fatal({ err: error }, 'another replica leads now');
      process.exit(1);
    },
  });
  endOnSignal(() => program.close());
  await program.start();
  log.info({ port: program.port, namespace: options.namespace ?? 'all' }, 'the operator works');
} catch (error) {
  // One line that names the thing; the stack is for whoever asks for it.
  process.stderr.write(`operator: ${error instanceof Error ? error.message : String(error)}\n`);
  log.debug({ err: error }, 'start failed');
  process.exit(1);
}

/** The first signal drains; a second one does not wait for it. */
function endOnSignal(close: () => Promise<void>): void {
  let closing = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (closing) process.exit(130);
      closing = true;
      log.info({ signal }, 'draining');
      close().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'draining failed');
          process.exit(1);
        },
      );
    });
  }
}
