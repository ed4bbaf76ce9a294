import { parseArgs } from 'node:util';
import { z } from 'zod';

export interface Options {
  /** Undefined: in the cluster, or what kubectl would take. */
  kubeconfig: string | undefined;
  context: string | undefined;
  /** The one namespace to look after; all of them when undefined. */
  namespace: string | undefined;
  leaderElection: boolean;
  /** Where the lease is kept. */
  leaseNamespace: string;
  /** Folder of the operator's signing key and of all public keys. */
  keysDir: string;
  /** Make what the folder lacks. */
  makeKeys: boolean;
  /** How instances are asked whether they are idle. */
  instanceAccess: 'address' | 'pod-proxy';
  host: string;
  port: number;
  concurrency: number;
  /** Ranges that no sandbox reaches. */
  denyCidrs: string[];
  /** `key=value` labels of the pods that may reach into sandboxes, and of their namespaces. */
  callers: { namespace: Record<string, string>; pod: Record<string, string> };
  dns: { namespace: Record<string, string>; pod: Record<string, string> };
  profiling: boolean;
  logLevel: string;
}

export type Request = { kind: 'run'; options: Options } | { kind: 'print'; text: string; exitCode: number };

const HELP = `operator: brings Sandbox, SandboxTemplate and SandboxPool resources to life as pods

usage: operator [options]

  --kubeconfig FILE        which cluster (KUBECONFIG; in a pod: its service account)
  --context NAME           context of the kubeconfig
  --namespace NAME         look after this namespace only (SANDBOX_NAMESPACE; all)
  --keys-dir DIR           signing key operator.<kid>.key.pem and public keys <issuer>.<kid>.pem (SANDPIPER_KEYS_DIR; required)
  --make-keys              make the pairs of operator and gateway that the folder lacks, for trying out
  --instance-access HOW    how sandboxes are asked whether they are idle: address, or pod-proxy for an operator outside of
                           the cluster (SANDPIPER_INSTANCE_ACCESS; address)
  --leader-elect[=false]   of several replicas one works (SANDPIPER_LEADER_ELECTION; true)
  --lease-namespace NAME   where its Lease is (SANDPIPER_LEASE_NAMESPACE; the namespace looked after, or sandpiper-system)
  --concurrency N          sandboxes worked on at once (SANDPIPER_CONCURRENCY; 16)
  --deny CIDR,…            ranges that no sandbox reaches, beside private ones: API server, nodes (SANDPIPER_DENY_CIDRS)
  --callers SELECTOR       pods that may reach into sandboxes, namespaceLabel=value/podLabel=value
                           (SANDPIPER_CALLERS; app.kubernetes.io/part-of=sandpiper in namespaces of the same label)
  --dns SELECTOR           pods of the cluster's name servers, in the same form
                           (SANDPIPER_DNS; kubernetes.io/metadata.name=kube-system/k8s-app=kube-dns)
  --host ADDRESS           where /healthz, /readyz and /metrics are (HOST; 0.0.0.0)
  --port N                 (PORT; 8081; 0 takes a free one)
  --profiling              allow POST /debug/profile (SANDPIPER_PROFILING; off)
  --log-level LEVEL        debug, info, warn, error or silent (SANDPIPER_LOG_LEVEL; info)
  --help, --version
`;

const selector = z
  .string()
  .regex(
    /^[^=/,]+(\/[^=/,]+)?=[^=/,]*\/[^=/,]+(\/[^=/,]+)?=[^=/,]*$/,
    'must look like namespaceLabel=value/podLabel=value',
  )
  .transform((text) => {
    const halves = /^(.+?=[^/]*)\/(.+)$/.exec(text);
    return { namespace: labelsOf(halves?.[1] ?? ''), pod: labelsOf(halves?.[2] ?? '') };
  });
const flag = z.enum(['true', 'false', '1', '0', '']).transform((value) => value !== 'false' && value !== '0');

const environment = z.object({
  KUBECONFIG: z.string().min(1).optional(),
  CONTEXT: z.string().min(1).optional(),
  SANDBOX_NAMESPACE: z.string().min(1).optional(),
  SANDPIPER_KEYS_DIR: z.string({ error: 'is required: the folder with operator.<kid>.key.pem' }).min(1),
  SANDPIPER_INSTANCE_ACCESS: z.enum(['address', 'pod-proxy']).default('address'),
  SANDPIPER_LEADER_ELECTION: flag.default(true),
  SANDPIPER_LEASE_NAMESPACE: z.string().min(1).optional(),
  SANDPIPER_CONCURRENCY: z.coerce.number().int().min(1).max(256).default(16),
  SANDPIPER_DENY_CIDRS: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((entry) => entry.trim() || []))
    .pipe(
      z.array(z.union([z.cidrv4(), z.cidrv6()], { error: 'must be ranges like 10.1.0.0/16, separated by commas' })),
    ),
  SANDPIPER_CALLERS: selector.default({
    namespace: { 'app.kubernetes.io/part-of': 'sandpiper' },
    pod: { 'app.kubernetes.io/part-of': 'sandpiper' },
  }),
  SANDPIPER_DNS: selector.default({
    namespace: { 'kubernetes.io/metadata.name': 'kube-system' },
    pod: { 'k8s-app': 'kube-dns' },
  }),
  HOST: z.string().min(1).default('0.0.0.0'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8081),
  SANDPIPER_PROFILING: flag.default(false),
  SANDPIPER_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** Which variable a flag stands for. */
const FLAGS: Record<string, keyof z.input<typeof environment>> = {
  kubeconfig: 'KUBECONFIG',
  context: 'CONTEXT',
  namespace: 'SANDBOX_NAMESPACE',
  'keys-dir': 'SANDPIPER_KEYS_DIR',
  'instance-access': 'SANDPIPER_INSTANCE_ACCESS',
  'leader-elect': 'SANDPIPER_LEADER_ELECTION',
  'lease-namespace': 'SANDPIPER_LEASE_NAMESPACE',
  concurrency: 'SANDPIPER_CONCURRENCY',
  deny: 'SANDPIPER_DENY_CIDRS',
  callers: 'SANDPIPER_CALLERS',
  dns: 'SANDPIPER_DNS',
  host: 'HOST',
  port: 'PORT',
  'log-level': 'SANDPIPER_LOG_LEVEL',
};

/** Reads arguments and environment; a flag goes before its variable. A mistake comes back as the line that names it. */
export function readOptions(argv: string[], env: Record<string, string | undefined>, version: string): Request {
  const flags = readFlags(argv);
  if (typeof flags === 'string') return { kind: 'print', text: `${flags} --help lists the options.\n`, exitCode: 2 };
  if (flags['help'] === true) return { kind: 'print', text: HELP, exitCode: 0 };
  if (flags['version'] === true) return { kind: 'print', text: `${version}\n`, exitCode: 0 };

  const given: Record<string, string | undefined> = { ...env, CONTEXT: undefined };
  for (const [name, variable] of Object.entries(FLAGS)) {
    const value = flags[name];
    if (typeof value === 'string') given[variable] = value;
  }
  if (flags['profiling'] === true) given['SANDPIPER_PROFILING'] = 'true';
  const read = environment.safeParse(given);
  if (!read.success) {
    const lines = read.error.issues.map((issue) => `operator: ${nameOf(issue.path)} ${issue.message}\n`);
    return { kind: 'print', text: lines.join(''), exitCode: 2 };
  }
  return { kind: 'run', options: { ...optionsOf(read.data), makeKeys: flags['make-keys'] === true } };
}

function optionsOf(read: z.output<typeof environment>): Omit<Options, 'makeKeys'> {
  return {
    kubeconfig: read.KUBECONFIG,
    context: read.CONTEXT,
    namespace: read.SANDBOX_NAMESPACE,
    leaderElection: read.SANDPIPER_LEADER_ELECTION,
    leaseNamespace: read.SANDPIPER_LEASE_NAMESPACE ?? read.SANDBOX_NAMESPACE ?? 'sandpiper-system',
    keysDir: read.SANDPIPER_KEYS_DIR,
    instanceAccess: read.SANDPIPER_INSTANCE_ACCESS,
    host: read.HOST,
    port: read.PORT,
    concurrency: read.SANDPIPER_CONCURRENCY,
    denyCidrs: read.SANDPIPER_DENY_CIDRS,
    callers: read.SANDPIPER_CALLERS,
    dns: read.SANDPIPER_DNS,
    profiling: read.SANDPIPER_PROFILING,
    logLevel: read.SANDPIPER_LOG_LEVEL,
  };
}

function readFlags(argv: string[]): Record<string, string | boolean | undefined> | string {
  const texts = Object.fromEntries(Object.keys(FLAGS).map((name) => [name, { type: 'string' as const }]));
  // A bare --leader-elect means true, as with the components of Kubernetes.
  const args = argv.map((each) => (each === '--leader-elect' ? '--leader-elect=true' : each));
  try {
    return parseArgs({
      args,
      options: {
        ...texts,
        profiling: { type: 'boolean' },
        'make-keys': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    return `operator: ${error instanceof Error ? error.message : String(error)}.`;
  }
}

function nameOf(path: readonly PropertyKey[]): string {
  const variable = String(path[0]);
  const flagName = Object.entries(FLAGS).find(([, each]) => each === variable)?.[0];
  return flagName === undefined ? variable : `--${flagName} (${variable})`;
}

function labelsOf(text: string): Record<string, string> {
  const equals = text.lastIndexOf('=');
  return { [text.slice(0, equals)]: text.slice(equals + 1) };
}
