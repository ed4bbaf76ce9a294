import path from 'node:path';
import { z } from 'zod';

const list = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((entry) => entry.trim() || []));
const flag = z.enum(['0', '1', 'true', 'false']).transform((value) => value === '1' || value === 'true');

const labelValue = z
  .string()
  .regex(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/, 'must be letters, digits, dashes, dots, at most 63');
const objectName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and dashes, at most 63');

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
  SANDBOX_RUNTIME: z.enum(['none', 'kubernetes']).default('none'),
  SANDBOX_NAMESPACE: objectName.optional(),
  SANDBOX_TEMPLATE: objectName.default('default'),
  SANDBOX_ALLOW_LOOPBACK: flag.default(false),
  SANDPIPER_INSTALLATION: labelValue.default('sandpiper'),
  SANDPIPER_GATEWAY_KEY: z.string().min(1, 'must name a file or a folder').optional(),
  KUBECONFIG: z.string().optional(),
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
  runtime: RuntimeConfig;
}

/** What runs the computers. */
export type RuntimeConfig = { kind: 'none' } | KubernetesRuntimeConfig;

export interface KubernetesRuntimeConfig {
  kind: 'kubernetes';
  /** What KUBECONFIG says; undefined: the pod's service account, then `~/.kube/config`. */
  kubeconfig: string | undefined;
  /** Undefined: the one of the kubeconfig's context or of the pod. */
  namespace: string | undefined;
  /** Name of the SandboxTemplate of new computers. */
  template: string;
  /** Label value by which this installation knows its own resources. */
  installation: string;
  /** Absolute: a file `gateway.<kid>.key.pem`, or a folder that holds some. */
  keyPath: string;
  /** Whether computers may answer on loopback: only for tests, where they are processes of this machine. */
  allowLoopback: boolean;
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
    runtime: runtimeOf(values),
  };
}

function runtimeOf(values: z.output<typeof environment>): RuntimeConfig {
  if (values.SANDBOX_RUNTIME === 'none') return { kind: 'none' };
  const { SANDPIPER_GATEWAY_KEY: keyPath } = values;
  if (keyPath === undefined) {
    const message = 'is required with SANDBOX_RUNTIME=kubernetes: gateway.<kid>.key.pem, or the folder that holds it';
    throw new z.ZodError([{ code: 'custom', path: ['SANDPIPER_GATEWAY_KEY'], message, input: keyPath }]);
  }
  return {
    kind: values.SANDBOX_RUNTIME,
    kubeconfig: values.KUBECONFIG,
    namespace: values.SANDBOX_NAMESPACE,
    template: values.SANDBOX_TEMPLATE,
    installation: values.SANDPIPER_INSTALLATION,
    keyPath: path.resolve(keyPath),
    allowLoopback: values.SANDBOX_ALLOW_LOOPBACK,
  };
}
