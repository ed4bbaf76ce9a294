import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ControlPlane, findControlPlane, installCrds, startControlPlane } from '@sandpiper/testing/control-plane';
import { bundleOperator } from './bundle.ts';
import { type Kubelet, startKubelet } from './kubelet.ts';
import { type OperatorProcess, startOperator } from './operator-process.ts';

const RBAC = fileURLToPath(new URL('../../../operator/rbac/cluster-role.yaml', import.meta.url));

/** A real API server with etcd, scheduler and controllers, nodes that only say that they run pods, and the operator. */
export interface TestBed {
  control: ControlPlane;
  kubelet: Kubelet;
  /** Where the operator works. */
  namespace: string;
  /** Another, where nobody works. */
  quietNamespace: string;
  operator: OperatorProcess;
  /** Ends the operator and starts another. */
  restartOperator(): Promise<void>;
  close(): Promise<void>;
}

export async function openTestBed(nodeArguments: readonly string[] = []): Promise<TestBed> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sandpiper-bench-'));
  const program = await bundleOperator(folder);
  const keysDir = path.join(folder, 'keys');
  const control = await startControlPlane({
    source: findControlPlane(process.env),
    extraApiServerFlags: process.env['PPROF'] ? ['--profiling=true'] : [],
  });
  await installCrds(control);
  const kubelet = await startKubelet(control.kubeconfigPath);
  const namespace = await control.createNamespace('bench');
  const quietNamespace = await control.createNamespace('bench-quiet');
  const kubeconfigPath = await operatorIdentity(control);
  const start = (): Promise<OperatorProcess> =>
    startOperator({ program, kubeconfigPath, namespace, keysDir, nodeArguments });
  let operator = await start();
  return {
    control,
    kubelet,
    namespace,
    quietNamespace,
    get operator() {
      return operator;
    },
    async restartOperator() {
      await operator.close();
      operator = await start();
    },
    async close() {
      await operator.close();
      await kubelet.close();
      await control.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The service account that the operator has in a cluster, with exactly its rights: so its requests get the share of the API server that they get there. */
async function operatorIdentity(control: ControlPlane): Promise<string> {
  const home = await control.createNamespace('operator');
  const account = 'sandpiper-operator';
  await control.kubectl(['create', 'serviceaccount', account, '-n', home]);
  await control.kubectl(['apply', '-n', home, '-f', RBAC]);
  const subject = `--serviceaccount=${home}:${account}`;
  await control.kubectl(['create', 'clusterrolebinding', home, '--clusterrole=sandpiper-operator', subject]);
  const token = await control.kubectl(['create', 'token', account, '-n', home, '--duration=3h']);

  const { kubeConfig } = await control.userKubeConfig({ user: 'unused' });
  const config = JSON.parse(kubeConfig.exportConfig()) as { users: { user: object }[] };
  for (const entry of config.users) entry.user = { token: token.trim() };
  const file = path.join(control.address.folder, 'operator.kubeconfig');
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
