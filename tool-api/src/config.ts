import path from 'node:path';
import { z } from 'zod';

const flag = z.stringbool();

/** The environment of tool-api, as the driver that starts a sandbox sets it. */
const environment = z.object({
  /** The instance: tokens are made out to `sandbox:<uid>`. */
  SANDPIPER_UID: z.string().min(1),
  /** `unix:/path` or `tcp:host:port`. */
  SANDPIPER_LISTEN: z.string().regex(/^(unix:\/.+|tcp:.+:\d+)$/, 'must be unix:/path or tcp:host:port'),
  SANDPIPER_RUN_DIR: z.string().default('/run/sandpiper'),
  SANDPIPER_KEYS_DIR: z.string().default('/etc/sandpiper/keys'),
  SANDPIPER_WORKSPACE: z.string().default('/home/agent'),
  SANDPIPER_SCRATCH: z.string().default('/tmp'),
  SANDPIPER_DESKTOP: flag.default(true),
  SANDPIPER_DISPLAY_SIZE: z
    .string()
    .regex(/^\d{3,5}x\d{3,5}$/, 'must look like 1280x800')
    .default('1280x800'),
  SANDPIPER_CDP_PORT: z.coerce.number().int().min(1).max(65_535).default(9222),
  SANDPIPER_BROWSER_SANDBOX: flag.default(true),
  SANDPIPER_SEARXNG_URL: z.url().optional(),
  SANDPIPER_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  DISPLAY: z.string().default(':1'),
  XAUTHORITY: z.string().optional(),
});

export interface Config {
  uid: string;
  listen: Listen;
  runDir: string;
  keysDir: string;
  /** HOME of what runs in the sandbox, and the first root of the file tools. */
  workspace: string;
  /** The other root: `/tmp`. */
  scratch: string;
  /** Undefined where the sandbox has no desktop. */
  desktop: DesktopConfig | undefined;
  searxngUrl: string | undefined;
  logLevel: string;
  /** Variables of the surroundings that commands should see as well: time zone, locale, proxies. */
  inherited: Record<string, string>;
}

export type Listen = { kind: 'unix'; path: string } | { kind: 'tcp'; host: string; port: number };

export interface DesktopConfig {
  display: string;
  xauthority: string;
  vncSocket: string;
  cdpPort: number;
  browserSandbox: boolean;
  /** Pixels, at the start. */
  width: number;
  height: number;
}

const INHERITED =
  /^(TZ|LANG|LANGUAGE|LC_[A-Z]+|(https?|ftp|all|no)_proxy|(HTTPS?|FTP|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR))$/;

/** Reads the environment; throws a ZodError that names the variables which are wrong. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const read = environment.parse(env);
  const [width, height] = read.SANDPIPER_DISPLAY_SIZE.split('x').map(Number);
  return {
    uid: read.SANDPIPER_UID,
    listen: parseListen(read.SANDPIPER_LISTEN),
    runDir: read.SANDPIPER_RUN_DIR,
    keysDir: read.SANDPIPER_KEYS_DIR,
    workspace: path.resolve(read.SANDPIPER_WORKSPACE),
    scratch: path.resolve(read.SANDPIPER_SCRATCH),
    desktop: read.SANDPIPER_DESKTOP
      ? {
          display: read.DISPLAY,
          xauthority: read.XAUTHORITY ?? path.join(read.SANDPIPER_RUN_DIR, 'Xauthority'),
          vncSocket: path.join(read.SANDPIPER_RUN_DIR, 'vnc.sock'),
          cdpPort: read.SANDPIPER_CDP_PORT,
          browserSandbox: read.SANDPIPER_BROWSER_SANDBOX,
          width: width ?? 1280,
          height: height ?? 800,
        }
      : undefined,
    searxngUrl: read.SANDPIPER_SEARXNG_URL,
    logLevel: read.SANDPIPER_LOG_LEVEL,
    inherited: Object.fromEntries(
      Object.entries(env).filter(
        (entry): entry is [string, string] => INHERITED.test(entry[0]) && entry[1] !== undefined,
      ),
    ),
  };
}

function parseListen(address: string): Listen {
  if (address.startsWith('unix:')) return { kind: 'unix', path: address.slice('unix:'.length) };
  const colon = address.lastIndexOf(':');
  return { kind: 'tcp', host: address.slice('tcp:'.length, colon), port: Number(address.slice(colon + 1)) };
}
