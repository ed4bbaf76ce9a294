import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';

export interface Options {
  host: string;
  port: number;
  /** Absolute: databases, keys, secrets, workspaces. */
  dataDir: string;
  /** Install what is missing without asking; false never installs; undefined asks when there is a terminal. */
  install: boolean | undefined;
  unconfined: boolean;
  /** Further host names under which a browser may reach this server, beside loopback. */
  allowedHosts: string[];
  /** Undefined: the driver's default. */
  uidRange: { first: number; count: number } | undefined;
  /** Absolute: where providers.json and mcp.json are looked for. */
  configDir: string;
  searxngUrl: string | undefined;
  logLevel: string;
}

export type Request = { kind: 'run'; options: Options } | { kind: 'print'; text: string; exitCode: number };

const HELP = `Sandpiper: every conversation with an AI agent gets its own computer.

usage: npm start [-- options]

  --port N         where to listen (PORT; 8000)
  --host ADDRESS   address to listen on (HOST; 127.0.0.1, so only this machine reaches it)
  --yes            install what is missing without asking
  --no-install     never install anything; say what is missing
  --help           this text
  --version        the version

environment
  SANDPIPER_DATA_DIR       conversations, workspaces, keys (.sandpiper)
  SANDPIPER_CONFIG_DIR     where providers.json and mcp.json are looked for (.)
  SANDPIPER_UNCONFINED=1   run computers without confinement, where it cannot be had: what the agent runs is then not kept
                           from your files, your network and your other programs
  SANDPIPER_ALLOWED_HOSTS  further host names under which a browser may reach this server, separated by commas
  SANDPIPER_UIDS           user ids for sandboxes when started as root, first-last (1900000000-1900009999)
  SANDPIPER_SEARXNG_URL    a SearXNG server for web search
  OPENAI_API_KEY, OPENAI_BASE_URL, OPENROUTER_API_KEY, providers.json, mcp.json: see docs/configuration.md
`;

const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65535).default(8000),
  HOST: z.string().min(1).default('127.0.0.1'),
  SANDPIPER_DATA_DIR: z.string().min(1).default('.sandpiper'),
  SANDPIPER_CONFIG_DIR: z.string().min(1).default('.'),
  SANDPIPER_UNCONFINED: z.enum(['0', '1', '']).default('0'),
  SANDPIPER_ALLOWED_HOSTS: z.string().default(''),
  SANDPIPER_UIDS: z
    .string()
    .regex(/^\d+-\d+$/, 'must look like 300000-309999')
    .optional(),
  SANDPIPER_SEARXNG_URL: z.url().optional(),
  SANDPIPER_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('warn'),
});

/** Reads arguments and environment. A mistake comes back as the one line to print, which names it and the way out. */
export function readOptions(
  argv: string[],
  env: NodeJS.ProcessEnv,
  { version, cwd }: { version: string; cwd: string },
): Request {
  const flags = readFlags(argv);
  if (typeof flags === 'string')
    return { kind: 'print', text: `${flags} 'npm start -- --help' lists the options.`, exitCode: 2 };
  if (flags.help) return { kind: 'print', text: HELP, exitCode: 0 };
  if (flags.version) return { kind: 'print', text: version, exitCode: 0 };

  const overridden = {
    ...env,
    ...(flags.port === undefined ? {} : { PORT: flags.port }),
    ...(flags.host === undefined ? {} : { HOST: flags.host }),
  };
  const parsed = environment.safeParse(overridden);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    return { kind: 'print', text: `sandpiper: ${problems.join('; ')}.`, exitCode: 2 };
  }
  const { data } = parsed;
  const uidRange = data.SANDPIPER_UIDS === undefined ? undefined : rangeOf(data.SANDPIPER_UIDS);
  if (uidRange && (uidRange.first < 1000 || uidRange.count < 1)) {
    return {
      kind: 'print',
      text: `sandpiper: SANDPIPER_UIDS: ${data.SANDPIPER_UIDS ?? ''} is no range of user ids from 1000 up.`,
      exitCode: 2,
    };
  }
  return {
    kind: 'run',
    options: {
      host: data.HOST,
      port: data.PORT,
      dataDir: path.resolve(cwd, data.SANDPIPER_DATA_DIR),
      install: flags['no-install'] ? false : flags.yes ? true : undefined,
      unconfined: data.SANDPIPER_UNCONFINED === '1',
      allowedHosts: data.SANDPIPER_ALLOWED_HOSTS.split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
      uidRange,
      configDir: path.resolve(cwd, data.SANDPIPER_CONFIG_DIR),
      searxngUrl: data.SANDPIPER_SEARXNG_URL,
      logLevel: data.SANDPIPER_LOG_LEVEL,
    },
  };
}

function rangeOf(text: string): { first: number; count: number } {
  const [first = 0, last = 0] = text.split('-').map(Number);
  return { first, count: last - first + 1 };
}

function readFlags(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        yes: { type: 'boolean', short: 'y' },
        'no-install': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    return `sandpiper: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
