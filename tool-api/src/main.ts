import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { ZodError } from 'zod';
import manifest from '../package.json' with { type: 'json' };
import { startToolApi } from './app.ts';
import { readConfig, type Config } from './config.ts';

const HELP = `tool-api ${manifest.version}: the server inside a Sandpiper sandbox

Usage: tool-api [--help] [--version]

Environment:
  SANDPIPER_UID              uid of this instance, the audience of its tokens (required)
  SANDPIPER_LISTEN           unix:/path or tcp:host:port (required)
  SANDPIPER_RUN_DIR          sockets and command output (/run/sandpiper)
  SANDPIPER_KEYS_DIR         public keys, <issuer>.<kid>.pem (/etc/sandpiper/keys)
  SANDPIPER_WORKSPACE        the durable folder, HOME of commands (/home/agent)
  SANDPIPER_SCRATCH          the other folder that file tools may touch (/tmp)
  SANDPIPER_DESKTOP          true or false (true)
  SANDPIPER_DISPLAY_SIZE     1280x800
  SANDPIPER_CDP_PORT         the browser's debugging port on loopback (9222)
  SANDPIPER_BROWSER_SANDBOX  whether the browser's own sandbox is on (true)
  SANDPIPER_SEARXNG_URL      a SearXNG to search with
  SANDPIPER_LOG_LEVEL        trace, debug, info, warn, error, fatal or silent (info)
  DISPLAY, XAUTHORITY        the X server (:1, <run dir>/Xauthority)
`;

const { values } = parseArgs({
  options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } },
});
if (values.help) process.stdout.write(HELP);
else if (values.version) process.stdout.write(`${manifest.version}\n`);
else await run(readConfigOrExit());

function readConfigOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    for (const issue of error.issues) process.stderr.write(`tool-api: ${issue.path.join('.')}: ${issue.message}\n`);
    process.exit(2);
  }
}

async function run(config: Config): Promise<void> {
  const logger = pino({ name: 'tool-api', level: config.logLevel });
  const toolApi = await startToolApi(config, logger, manifest.version);
  logger.info({ address: toolApi.address, uid: config.uid }, 'listening');

  let stopping = false;
  const stop = (): void => {
    // The second signal means it.
    if (stopping) process.exit(1);
    stopping = true;
    toolApi.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
