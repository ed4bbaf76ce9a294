import path from 'node:path';

/** Where each thing of one control plane lies. */
export interface Layout {
  /** Certificates, keys and etcd's data. */
  dataFolder: string;
  /** Sockets and logs: a short path, since one of a socket has at most 107 bytes. */
  runFolder: string;
  port: number;
  /** Whether the data must outlive a power cut. */
  durable: boolean;
}

export const pki = (layout: Layout, name: string): string => path.join(layout.dataFolder, 'pki', name);
export const etcdSocket = (layout: Layout): string => path.join(layout.runFolder, 'etcd.sock');
export const serviceRange = '10.96.0.0/16';
/** What the API server's certificate is for. */
export const serverHosts = [
  '127.0.0.1',
  'localhost',
  '10.96.0.1',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];

/** etcd on a Unix socket, which takes no port and lets nobody else in; its peers' port is any, since it has no peers. */
export function etcdArguments(layout: Layout): string[] {
  return [
    '--name=etcd',
    `--data-dir=${path.join(layout.dataFolder, 'etcd')}`,
    `--listen-client-urls=unix://${etcdSocket(layout)}`,
    '--advertise-client-urls=http://localhost:1',
    '--listen-peer-urls=http://127.0.0.1:0',
    '--initial-advertise-peer-urls=http://localhost:1',
    '--initial-cluster=etcd=http://localhost:1',
    '--log-level=warn',
    ...(layout.durable ? [] : ['--unsafe-no-fsync']),
  ];
}

export function apiServerArguments(
  layout: Layout,
  { hasControllerManager }: { hasControllerManager: boolean },
): string[] {
  return [
    `--etcd-servers=unix://${etcdSocket(layout)}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    `--secure-port=${layout.port}`,
    `--service-cluster-ip-range=${serviceRange}`,
    `--client-ca-file=${pki(layout, 'ca.crt')}`,
    `--tls-cert-file=${pki(layout, 'server.crt')}`,
    `--tls-private-key-file=${pki(layout, 'server.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${pki(layout, 'sa.pub')}`,
    `--service-account-signing-key-file=${pki(layout, 'sa.key')}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    // Without its controller there are no service accounts, and with this plugin no pods.
    ...(hasControllerManager ? [] : ['--disable-admission-plugins=ServiceAccount']),
    '--allow-privileged=true',
    // Watches end at once on SIGTERM; without it their connections hold the server up for a minute.
    '--shutdown-watch-termination-grace-period=1s',
    '--profiling=false',
  ];
}

const controllerRates = ['--kube-api-qps=200', '--kube-api-burst=400', '--leader-elect=false', '--secure-port=0'];

export function controllerManagerArguments(layout: Layout, kubeconfigPath: string): string[] {
  return [
    `--kubeconfig=${kubeconfigPath}`,
    ...controllerRates,
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${pki(layout, 'sa.key')}`,
    `--root-ca-file=${pki(layout, 'ca.crt')}`,
    `--cluster-signing-cert-file=${pki(layout, 'ca.crt')}`,
    `--cluster-signing-key-file=${pki(layout, 'ca.key')}`,
    `--service-cluster-ip-range=${serviceRange}`,
    '--allocate-node-cidrs=false',
    '--profiling=false',
  ];
}

export function schedulerArguments(kubeconfigPath: string): string[] {
  return [`--kubeconfig=${kubeconfigPath}`, ...controllerRates, '--profiling=false'];
}
