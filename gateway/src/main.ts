import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { ZodError } from 'zod';
import manifest from '../package.json' with { type: 'json' };
import { createAgent } from './agent/create-agent.ts';
import { sweepDaily } from './computers/daily-sweep.ts';
import { readConfig, type Config } from './config.ts';
import { createGateway } from './gateway.ts';
import { openRuntime } from './runtimes/runtime.ts';
import { acquireDataDir } from './stores/data-dir.ts';

const HELP = `gateway ${manifest.version}: the public API of Sandpiper, on its own

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
  SANDBOX_RUNTIME            what runs the computers: kubernetes, or none (none)
  OPENAI_API_KEY, OPENROUTER_API_KEY and what providers.json and mcp.json name

With SANDBOX_RUNTIME=kubernetes, where an operator brings Sandbox resources to life:
  SANDPIPER_GATEWAY_KEY      proves this gateway to sandboxes: a file gateway.<kid>.key.pem, or a folder of which the last
                             one by name is taken (required)
  KUBECONFIG                 which cluster, and as whom (in a pod: its service account; else ~/.kube/config)
  SANDBOX_NAMESPACE          where the sandboxes are (that of the kubeconfig or pod, else default)
  SANDBOX_TEMPLATE           SandboxTemplate of new computers (default)
  SANDPIPER_INSTALLATION     label by which several installations in one namespace know their own (sandpiper)
  SANDBOX_ALLOW_LOOPBACK     true lets sandboxes answer on 127.0.0.1, for tests only (false)

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
  const runtime = await openRuntime(config.runtime, log);
  const dataDir = acquireDataDir(config.dataDir);
  const gateway = await createGateway({
    version: manifest.version,
    dataDir: config.dataDir,
    secret: config.secret,
    registration: config.registration,
    log,
    createAgent: (surroundings) =>
      createAgent(surroundings, { configDir: config.configDir, env: process.env, version: manifest.version }),
    ...(runtime.computers && { computers: runtime.computers }),
    notes: runtime.notes,
    ...(config.uiDir !== undefined && { uiDir: config.uiDir }),
    allowedHosts: config.allowedHosts,
    allowedOrigins: config.allowedOrigins,
    secure: config.secure,
    trustedProxies: config.trustedProxies,
  });
  log.info({ url: await gateway.listen(config) }, 'listening');
  const stopSweeping = sweepDaily({
    sessionIds: () => gateway.sessionIds(),
    sweepSessions: (known) => runtime.sweepSessions(known),
    log,
  });

  await new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  stopSweeping();
  await gateway.close();
  await runtime.close();
  dataDir.release();
}
