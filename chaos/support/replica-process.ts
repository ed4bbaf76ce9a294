import { parseArgs } from 'node:util';
import { loadKubeConfig } from '@sandpiper/kube';
import type { ProgramParts } from '../../operator/src/program.ts';
import { startReplica } from './replica.ts';

/* A replica in a process of its own, which can be paused. Says `leads` when it does, and `writes` before each write; ends when it has lost. */
export interface ReplicaProcessOptions {
  kubeconfigPath: string;
  namespace: string;
  keys: ProgramParts['keys'];
  leaseTimes: NonNullable<ProgramParts['leaseTimes']>;
}

const { positionals } = parseArgs({ allowPositionals: true });
const { kubeconfigPath, ...options } = JSON.parse(positionals[0] ?? '{}') as ReplicaProcessOptions;
const replica = startReplica({
  ...options,
  kubeConfig: loadKubeConfig({ path: kubeconfigPath }),
  onLost: () => process.exit(3),
  beforeWrite: () => void process.stdout.write('writes\n'),
});
await replica.started;
process.stdout.write('leads\n');
