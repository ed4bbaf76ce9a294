import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { ZodError } from 'zod';
import manifest from '../package.json' with { type: 'json' };
import { createAgent } from './agent/create-agent.ts';
import { readConfig, type Config } from './config.ts';
import { createGateway } from './gateway.ts';
import { acquireDataDir } from './stores/data-dir.ts';

const HELP = `gateway ${manifest.version}: the public API of Sandpiper, on its own and without computers

Usage: gateway [--help] [--version]

Environment:
  SANDPIPER_SECRET           signs access tokens, at least 32 bytes (required)
  HOST, PORT                 where to listen (127.0.0.1, 8000)
  SANDPIPER_DATA_DIR         conversations and accounts (.sandpiper)
  SANDPIPER_CONFIG_DIR       where providers.json and mcp.json are looked for (.)
  SANDPIPER_UI_DIR           the built pages; without it there is only the API
  SANDPIPER_REGISTRATION     whether strangers may register (true)
  SANDPIPER_ALLOWED_HOSTS    host names to answer to, beside loopback and IP addresses, separated by commas
  SANDPIPER_ALLOWED_ORIGINS  origins of other pages that may use the API, separated by commas
  SANDPIPER_SECURE           true where browsers come by https only (false)
  SANDPIPER_TRUSTED_PROXIES  how many proxies in front tell the truth about who asks (0)
  SANDPIPER_LOG_LEVEL        trace, debug, info, warn, error or silent (info)
  OPENAI_API_KEY, OPENROUTER_API_KEY and what providers.json and mcp.json name

'npm start' runs it together with the sandbox-manager.
`;

try {
  const { values } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } },
  });
  if (values.help) process.stdout.write(HELP);
  else if (values.version) process.stdout.write(`${manifest.version}\n`);
  else await run(readConfig(process.env));
} catch (error) {
  const lines =
    error instanceof ZodError
      ? error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
      : [error instanceof Error ? error.message : String(error)];
  for (const line of lines) process.stderr.write(`gateway: ${line}\n`);
  process.exit(2);
}

async function run(config: Config): Promise<void> {
  const log = pino({ name: 'gateway', level: config.logLevel });
  const dataDir = acquireDataDir(config.dataDir);
  const gateway = await createGateway({
    version: manifest.version,
    dataDir: config.dataDir,
    secret: config.secret,
    registration: config.registration,
    log,
    createAgent: (surroundings) =>
      createAgent(surroundings, { configDir: config.configDir, env: process.env, version: manifest.version }),
    notes: ['This gateway runs on its own, so there are no computers; npm start brings them along.'],
    ...(config.uiDir !== undefined && { uiDir: config.uiDir }),
    allowedHosts: config.allowedHosts,
    allowedOrigins: config.allowedOrigins,
    secure: config.secure,
    trustedProxies: config.trustedProxies,
  });
  log.info({ url: await gateway.listen(config) }, 'listening');

  await new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  await gateway.close();
  dataDir.release();
}
