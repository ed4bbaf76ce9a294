import { resources } from '@sandpiper/api';
import type { Resource } from './api-server.ts';

/** Values of one field, good and bad ones, on which API server and zod must agree. */
export interface FieldRow {
  resource: Resource;
  /** As `nodesOf` writes it, below `spec`. */
  path: string;
  values: readonly unknown[];
}

const { sandbox, sandboxTemplate, sandboxPool } = resources;
const rows =
  (resource: Resource) =>
  ([path, values]: [string, readonly unknown[]]): FieldRow => ({ resource, path, values });

const durations = ['1s', '999ms', '90s', '1h30m', '1.5s', '1m1m', '8760h', '87600h', '0s', '10', '1d', '', ' 1s', '٣s', 90];
const moments = [
  '2026-01-01T00:00:00Z',
  '2026-01-01T00:00:00.123456Z',
  '2026-12-31T23:59:59+01:00',
  '2024-02-29T00:00:00Z',
  '2026-02-29T00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T00:00:60Z',
  '2026-01-01t00:00:00z',
  '2026-01-01 00:00:00Z',
  '2026-01-01T00:00:00',
  '2026-01-01',
  '',
  0,
];
const names = ['a', 'a-b-1', '-a', 'a-', 'A', 'a.b', 'a_b', '', 'x'.repeat(63), 'x'.repeat(64), 1];
const integers = (min: number, max: number) => [min - 1, min, min + 1, max, max + 1, min + 0.5, String(min)];
const choices = (...values: string[]) => [...values, values[0]?.toLowerCase(), '', true];
const booleans = [true, false, 'true', 1];
const ranges = [
  '10.0.0.0/8',
  '10.1.2.3/8',
  '0.0.0.0/0',
  '192.168.0.1/32',
  '10.0.0.0/33',
  '10.0.0/8',
  '010.0.0.0/8',
  '10.0.0.0/08',
  '10.0.0.0',
  'fd00::/8',
  '::/0',
  '2001:db8::/129',
  'FE80::/10',
  '::ffff:10.0.0.0/104',
  '0:0:0:0:0:FFFF:a00:0/104',
  '::ffff:1/128',
  'fe80::1%eth0/64',
  'example.com',
  '',
].map((range) => [range]);
const addresses = [
  '9.9.9.9',
  '256.0.0.1',
  '09.9.9.9',
  '2620:fe::9',
  '2620:FE::9',
  '::',
  '::ffff:9.9.9.9',
  '::ffff:909:909',
  '::ffff:9',
  'fe80::1%eth0',
  '1::2::3',
  'dns.example.com',
  '',
].map((address) => [address]);
const keys = [
  'team',
  'example.com/team',
  'example.com/k8s.io',
  'notkubernetes.io/a',
  'kubernetes.io/a',
  'app.kubernetes.io/a',
  'k8s.io/a',
  'x.k8s.io/a',
  'sandpiper.dev/a',
  'x.sandpiper.dev/a',
].map((key) => ({ [key]: 'a' }));
const many = (length: number) => Object.fromEntries(Array.from({ length }, (_, index) => [`key-${index}`, '']));
const manyRanges = (length: number) => Array.from({ length }, (_, index) => `10.0.${index % 256}.${index >> 8}/32`);
const lifetimeDefaults: [string, readonly unknown[]][] = [
  ['lifetime.idleTimeout', durations],
  ['lifetime.idlePolicy', choices('Suspend', 'Delete')],
  ['lifetime.maxLifetime', durations],
  ['lifetime.shutdownPolicy', choices('Delete', 'Retain')],
];

const sandboxFields: [string, readonly unknown[]][] = [
  ['templateRef.name', names],
  ['poolPolicy', choices('Prefer', 'Require', 'Never')],
  ['operatingMode', choices('Running', 'Suspended')],
  ['wakeRequestedAt', moments],
  ...lifetimeDefaults,
  ['lifetime.shutdownTime', moments],
  ['restart.policy', choices('OnFailure', 'Never')],
  ['restart.maxRestarts', integers(0, 100)],
  ['display.width', integers(320, 7680)],
  ['display.height', integers(240, 4320)],
];

const templateFields: [string, readonly unknown[]][] = [
  ['podTemplate.metadata.labels', [...keys, { a: 'x'.repeat(64) }, { a: 1 }, many(64), many(65), {}]],
  ['podTemplate.metadata.annotations', [...keys, { a: 'x'.repeat(16_385) }, { a: 1 }, many(64), many(65), {}]],
  [
    'podTemplate.spec',
    [
      { containers: [{ name: 'any', image: 'i', resources: { limits: { memory: '1Gi' } } }], hostname: 'kept' },
      { containers: [] },
      { containers: [{ image: 'i' }] },
      { containers: [{ name: 'sandbox' }, { name: 'sandbox' }] },
      { containers: [{ name: 'x'.repeat(64) }] },
      { containers: Array.from({ length: 33 }, (_, index) => ({ name: index === 0 ? 'sandbox' : `c${index}` })) },
      {},
    ],
  ],
  [
    'workspace.size',
    ['16Mi', '15Mi', '16777216', '16777215', '10Gi', '64Ti', '65Ti', '65536Gi', '17000k', '1500m', '1.5Gi', '1e9', '-1Gi', '', 10],
  ],
  ['workspace.storageClassName', ['fast', 'fast.example.com', 'Fast', '-a', '', 'x'.repeat(253), 'x'.repeat(254)]],
  ['workspace.retain', booleans],
  ['desktop', booleans],
  ['network.egress', choices('Internet', 'None', 'Custom')],
  ['network.allow', [...ranges, [], ['10.0.0.0/8', '10.0.0.0/8'], manyRanges(256), manyRanges(257)]],
  ['network.deny', [...ranges, [], ['10.0.0.0/8', '10.0.0.0/8']]],
  ['network.dns', choices('Cluster', 'Custom')],
  ['network.dnsServers', [['9.9.9.9']]],
  [
    'network',
    [
      ...[...addresses, [], ['1.1.1.1', '1.1.1.1', '::1'], ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4']].map(
        (dnsServers) => ({ dns: 'Custom', dnsServers }),
      ),
      { egress: 'Custom', allow: ['10.0.0.0/8'] },
    ],
  ],
  ['service', booleans],
  ...lifetimeDefaults.map(([path, values]): [string, readonly unknown[]] => [`defaults.${path}`, values]),
  ['defaults.lifetime.shutdownTime', moments],
];

const poolFields: [string, readonly unknown[]][] = [
  ['templateRef.name', names],
  ['replicas', integers(0, 1000)],
  ['maxReplicas', integers(1, 1000)],
  ['refill.burst', integers(1, 1000)],
  ['refill.perSecond', [0, 0.001, 1, 1000, 1000.5, -1, '1']],
  ['updateStrategy', choices('Recreate', 'OnReplenish')],
];

export const fieldTable: FieldRow[] = [
  ...sandboxFields.map(rows(sandbox)),
  ...templateFields.map(rows(sandboxTemplate)),
  ...poolFields.map(rows(sandboxPool)),
];

/** The least that a spec of each kind must say. */
export const leastSpec: Record<Resource['kind'], object> = {
  Sandbox: {},
  SandboxTemplate: { podTemplate: { spec: { containers: [{ name: 'sandbox', image: 'sandbox' }] } } },
  SandboxPool: { templateRef: { name: 'default' } },
};
