import path from 'node:path';
import { z } from 'zod';

const list = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((entry) => entry.trim() || []));
const flag = z.enum(['0', '1', 'true', 'false']).transform((value) => value === '1' || value === 'true');

/** The environment of a gateway that runs on its own. */
const environment = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8000),
  SANDPIPER_SECRET: z
    .string()
    .refine(
      (secret) => Buffer.byteLength(secret) >= 32,
      'must have at least 32 bytes; make one with: openssl rand -base64 48',
    ),
  SANDPIPER_DATA_DIR: z.string().min(1).default('.sandpiper'),
  SANDPIPER_CONFIG_DIR: z.string().min(1).default('.'),
  SANDPIPER_UI_DIR: z.string().min(1).optional(),
  SANDPIPER_REGISTRATION: flag.default(true),
  SANDPIPER_ALLOWED_HOSTS: list,
  SANDPIPER_ALLOWED_ORIGINS: list,
  SANDPIPER_SECURE: flag.default(false),
  SANDPIPER_TRUSTED_PROXIES: z.coerce.number().int().min(0).max(10).default(0),
  SANDPIPER_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export interface Config {
  host: string;
  port: number;
  secret: string;
  /** Absolute, as the next two. */
  dataDir: string;
  configDir: string;
  uiDir: string | undefined;
  registration: boolean;
  allowedHosts: string[];
  allowedOrigins: string[];
  secure: boolean;
  trustedProxies: number;
  logLevel: string;
}

/** Reads the environment. Throws a `ZodError` whose issues name the variables. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const values = environment.parse(env);
  return {
    host: values.HOST,
    port: values.PORT,
    secret: values.SANDPIPER_SECRET,
    dataDir: path.resolve(values.SANDPIPER_DATA_DIR),
    configDir: path.resolve(values.SANDPIPER_CONFIG_DIR),
    uiDir: values.SANDPIPER_UI_DIR === undefined ? undefined : path.resolve(values.SANDPIPER_UI_DIR),
    registration: values.SANDPIPER_REGISTRATION,
    allowedHosts: values.SANDPIPER_ALLOWED_HOSTS,
    allowedOrigins: values.SANDPIPER_ALLOWED_ORIGINS,
    secure: values.SANDPIPER_SECURE,
    trustedProxies: values.SANDPIPER_TRUSTED_PROXIES,
    logLevel: values.SANDPIPER_LOG_LEVEL,
  };
}
