import { generateKeyPair } from '@sandpiper/capability';
import type { RequestReport } from '@sandpiper/kube';
import type { KubeConfig } from '@kubernetes/client-node';
import { pino } from 'pino';
import type { Options } from '../options.ts';
import { createProgram, type Program, type ProgramParts } from '../program.ts';

export interface TestOperator extends Program {
  /** Writes that were accepted, as `verb resource[/subresource]`, in order; leases and events are not among them. */
  readonly writes: string[];
  /** How long ago the last of them was, ms. */
  readonly quietForMs: number;
  /** All requests of the controllers. */
  readonly requests: RequestReport[];
  /** What was logged as a warning or worse. */
  readonly complaints: string[];
}

export interface TestOperatorOptions {
  kubeConfig: KubeConfig;
  namespace: string;
  /** What sandboxes trust beside the operator. */
  publicKeys?: Record<string, string>;
  options?: Partial<Options>;
  parts?: Partial<ProgramParts>;
}

const READS = new Set(['get', 'list', 'watch']);

/** One replica of the operator in this process, which looks after one namespace and elects nobody. It works when this resolves. */
export async function startTestOperator({
  kubeConfig,
  namespace,
  publicKeys,
  options,
  parts,
}: TestOperatorOptions): Promise<TestOperator> {
  const requests: RequestReport[] = [];
  const complaints: string[] = [];
  let lastWriteMs = performance.now();
  const keys = generateKeyPair();
  const program = createProgram({
    kubeConfig,
    version: '0.0.0-test',
    keys: { signing: keys, publicKeys: { ...publicKeys, [`operator.${keys.kid}.pem`]: keys.publicKeyPem } },
    options: {
      kubeconfig: undefined,
      context: undefined,
      namespace,
      leaderElection: false,
      leaseNamespace: namespace,
      keysDir: '',
      makeKeys: false,
      instanceAccess: 'address',
      host: '127.0.0.1',
      port: 0,
      concurrency: 16,
      denyCidrs: [],
      callers: { namespace: { part: 'sandpiper' }, pod: { part: 'sandpiper' } },
      dns: { namespace: { 'kubernetes.io/metadata.name': 'kube-system' }, pod: { 'k8s-app': 'kube-dns' } },
      profiling: false,
      logLevel: 'warn',
      ...options,
    },
    log: pino({ level: 'warn' }, { write: (line: string) => void complaints.push(line) }),
    onLost: () => undefined,
    onRequest(report) {
      requests.push(report);
      if (isWrite(report)) lastWriteMs = performance.now();
    },
    ...parts,
  });
  await program.start();
  return {
    ...program,
    get port() {
      return program.port;
    },
    requests,
    complaints,
    get quietForMs() {
      return performance.now() - lastWriteMs;
    },
    get writes() {
      return requests
        .filter(isWrite)
        .map(({ verb, resource, subresource }) => `${verb} ${[resource, subresource].filter(Boolean).join('/')}`);
    },
  };
}

function isWrite({ verb, status, resource }: RequestReport): boolean {
  return !READS.has(verb) && status < 400 && resource !== 'events';
}
