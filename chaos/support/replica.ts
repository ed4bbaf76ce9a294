import type { KubeConfig } from '@kubernetes/client-node';
import type { KubeWrite } from '@sandpiper/kube';
import { pino } from 'pino';
import type { OperatorKeys } from '../../operator/src/keys/key-files.ts';
import { readOptions } from '../../operator/src/options.ts';
import { createProgram, type ProgramParts } from '../../operator/src/program.ts';

/** One operator in this process, which can be killed between two writes. */
export interface Replica {
  /** Resolves when it works, which a follower may never do. */
  readonly started: Promise<void>;
  /** What its controllers have sent, in order: `update sandboxes/status one`. */
  readonly writes: readonly string[];
  /** What was logged as a warning or worse. */
  readonly complaints: readonly string[];
  readonly isDead: boolean;
  /** Whether it has heard that another leads. */
  readonly hasLost: boolean;
  /** Lets the next `count - 1` writes pass and kills it before the one after: whatever it does then never arrives. */
  killBeforeWrite(count: number): void;
  kill(): void;
  close(): Promise<void>;
}

export interface ReplicaOptions {
  kubeConfig: KubeConfig;
  namespace: string;
  keys: OperatorKeys;
  /** With leader election when given. */
  leaseTimes?: ProgramParts['leaseTimes'];
  /** Its clock less that of the machine, ms. */
  clockAheadMs?: () => number;
  /** Silence after which a watch counts as dead, ms. */
  inactivityMs?: number;
  /** Comes before each write, and may hold it up. */
  beforeWrite?: (write: KubeWrite) => void | Promise<void>;
  /** Called when another leads. */
  onLost?: () => void;
  /** Does not end then, as it should: only what guards its writes is left. */
  outlivesLoss?: boolean;
}

export function startReplica(options: ReplicaOptions): Replica {
  const { kubeConfig, namespace, keys, leaseTimes, clockAheadMs = () => 0, inactivityMs } = options;
  const writes: string[] = [];
  const complaints: string[] = [];
  let left = Infinity;
  let isDead = false;
  let hasLost = false;
  const program = createProgram({
    kubeConfig,
    keys,
    version: 'chaos',
    options: optionsFor(namespace, leaseTimes !== undefined),
    log: pino(
      { level: 'warn' },
      {
        write(line: string) {
          // What the dead complain of is that they are dead.
          if (!isDead) complaints.push(line);
        },
      },
    ),
    onLost() {
      hasLost = true;
      isDead ||= options.outlivesLoss !== true;
      options.onLost?.();
    },
    now: () => Date.now() + clockAheadMs(),
    async beforeWrite(write) {
      if (!isDead && left <= 0) isDead = true;
      // The dead do nothing more: whatever still runs in this process of theirs must not arrive.
      if (isDead) throw new Error('killed');
      left -= 1;
      await options.beforeWrite?.(write);
      writes.push(textOf(write));
    },
    ...(leaseTimes && { leaseTimes }),
    ...(inactivityMs !== undefined && { inactivityMs }),
  });
  const started = program.start();
  // A follower that is closed before it leads fails to start, and nobody waits for that.
  started.catch(() => undefined);
  return {
    started,
    writes,
    complaints,
    get isDead() {
      return isDead;
    },
    get hasLost() {
      return hasLost;
    },
    killBeforeWrite: (count) => void (left = count - 1),
    kill: () => void (isDead = true),
    close: () => program.close(),
  };
}

function optionsFor(namespace: string, leaderElection: boolean) {
  const flags = {
    'keys-dir': 'unused',
    namespace,
    'leader-elect': String(leaderElection),
    host: '127.0.0.1',
    port: '0',
  };
  const read = readOptions(
    Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    {},
    'chaos',
  );
  if (read.kind !== 'run') throw new Error(read.text);
  return read.options;
}

function textOf({ verb, type, key, subresource }: KubeWrite): string {
  return `${verb} ${[type?.plural, subresource].filter((part) => part !== undefined).join('/')} ${key.name}`;
}
