import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { core, createKubeClient, type KubeClient } from '@sandpiper/kube';
import { loadAuthority } from './certificates/authority.ts';
import type { ConnectedControlPlane, ControlPlaneAddress, User } from './control-plane.ts';
import { kubeConfigText } from './kubeconfig.ts';
import { eventually } from '../eventually.ts';

/** Joins a control plane that runs already. */
export function connectControlPlane(address: ControlPlaneAddress): ConnectedControlPlane {
  const { kubeconfigPath, kubectl, folder } = address;
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfigPath);
  const server = kubeConfig.getCurrentCluster()?.server ?? '';
  const client = createKubeClient(kubeConfig, { userAgent: 'sandpiper-testing' });
  const namespaces = new Set<string>();

  return {
    server,
    kubeconfigPath,
    kubeConfig,
    client,
    kubectl: (args, { input } = {}) => runKubectl(kubectl, ['--kubeconfig', kubeconfigPath, ...args], folder, input),

    async userKubeConfig(user) {
      const text = textFor(user, server, kubeConfig, address);
      const users = path.join(folder, 'users');
      await mkdir(users, { recursive: true, mode: 0o700 });
      const file = path.join(users, `${randomUUID()}.kubeconfig`);
      await writeFile(file, text, { mode: 0o600 });
      const own = new KubeConfig();
      own.loadFromString(text);
      return { kubeConfig: own, kubeconfigPath: file };
    },

    async createNamespace(prefix) {
      const made = await client.create(core.namespaces, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { generateName: `${prefix}-` },
      });
      const { name } = made.metadata;
      namespaces.add(name);
      // Until it is there, the API server refuses every pod of the namespace.
      if (address.hasControllerManager) await defaultServiceAccount(client, name);
      return name;
    },

    async removeNamespaces() {
      const all = [...namespaces];
      namespaces.clear();
      await Promise.all(all.map((name) => client.delete(core.namespaces, { namespace: '', name })));
    },

    close: () => client.close(),
  };
}

/** Waits for what the controller manager makes in every namespace. */
export async function defaultServiceAccount(client: KubeClient, namespace: string): Promise<void> {
  await eventually(`the default service account of ${namespace}`, 30_000, () =>
    client.get(core.serviceAccounts, { namespace, name: 'default' }),
  );
}

function textFor({ user, groups = [] }: User, server: string, admin: KubeConfig, address: ControlPlaneAddress): string {
  if (address.authority !== undefined) {
    const authority = loadAuthority(address.authority);
    const credentials = authority.issueClient({ commonName: user, organizations: groups });
    return kubeConfigText({ server, authority: authority.certificate, credentials });
  }
  const config = JSON.parse(admin.exportConfig()) as { users: { name: string; user: object }[] };
  const impersonation = { as: user, ...(groups.length > 0 ? { 'as-groups': groups } : {}) };
  for (const entry of config.users) entry.user = { ...entry.user, ...impersonation };
  return JSON.stringify(config);
}

function runKubectl(command: string, args: readonly string[], folder: string, input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      ['--cache-dir', path.join(folder, 'kubectl'), ...args],
      { env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: folder }, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else
          reject(new Error(`kubectl ${args.slice(2).join(' ')}: ${stderr.trim() || error.message}`, { cause: error }));
      },
    );
    // A kubectl that does not read its input ends early; what it says of that is in stderr.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}
