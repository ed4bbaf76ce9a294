import { resources } from '@sandpiper/api';
import type { Resource } from './api-server.ts';

/** One rule of the CRDs, shown by an object that keeps it and one that breaks it. */
export interface RuleRow {
  resource: Resource;
  /** Where the rule stands, as `nodesOf` writes it. */
  path: string;
  /** Part of its message, enough to tell it from others at that place. */
  message: string;
  /** The spec that is stored before, for a rule about changes. */
  before?: object;
  accepted: object;
  refused: object;
  /** True for what is no mistake on one host, where zod alone judges. */
  onKubernetesOnly?: true;
}

const { sandbox, sandboxTemplate, sandboxPool } = resources;
const podTemplate = { spec: { containers: [{ name: 'sandbox', image: 'sandbox' }] } };
const withNetwork = (network: object) => ({ podTemplate, network });
const withMetadata = (metadata: object) => ({ podTemplate: { ...podTemplate, metadata } });
const withContainers = (...names: string[]) => ({
  podTemplate: { spec: { containers: names.map((name) => ({ name, image: 'sandbox' })) } },
});
const withDefaults = (lifetime: object) => ({ podTemplate, defaults: { lifetime } });
const poolOf = (name: string, rest: object = {}) => ({ templateRef: { name }, ...rest });

export const ruleTable: RuleRow[] = [
  // Sandbox
  {
    resource: sandbox,
    path: 'spec',
    message: 'wakeRequestedAt cannot be taken back',
    before: { wakeRequestedAt: '2026-01-01T00:00:00Z' },
    accepted: { wakeRequestedAt: '2026-01-01T00:00:00Z', operatingMode: 'Suspended' },
    refused: { operatingMode: 'Suspended' },
  },
  {
    resource: sandbox,
    path: 'spec.wakeRequestedAt',
    message: 'may only move forward',
    before: { wakeRequestedAt: '2026-01-01T00:00:00.000Z' },
    accepted: { wakeRequestedAt: '2026-01-01T00:00:00.001Z' },
    // Later as a text, and an hour earlier as a moment.
    refused: { wakeRequestedAt: '2026-01-01T01:00:00+02:00' },
  },
  {
    resource: sandbox,
    path: 'spec.templateRef',
    message: 'the template of a sandbox cannot change',
    before: { templateRef: { name: 'slim' } },
    accepted: { templateRef: { name: 'slim' }, poolPolicy: 'Never' },
    // Leaving it out means `default`.
    refused: {},
  },
  {
    resource: sandbox,
    path: 'spec.lifetime.idleTimeout',
    message: 'must be between 1s and 8760h',
    accepted: { lifetime: { idleTimeout: '1h0m0.5s' } },
    refused: { lifetime: { idleTimeout: '999ms' } },
  },
  {
    resource: sandbox,
    path: 'spec.lifetime.maxLifetime',
    message: 'must be between 1s and 87600h',
    accepted: { lifetime: { maxLifetime: '87600h' } },
    refused: { lifetime: { maxLifetime: '87600h1ms' } },
  },

  // SandboxTemplate
  {
    resource: sandboxTemplate,
    path: 'spec',
    message: 'a template needs podTemplate.spec',
    accepted: { podTemplate },
    refused: {},
    onKubernetesOnly: true,
  },
  {
    resource: sandboxTemplate,
    path: 'spec.podTemplate.metadata.labels',
    message: 'use another prefix',
    accepted: withMetadata({ labels: { team: 'a', 'example.com/notkubernetes.io': 'b' } }),
    refused: withMetadata({ labels: { 'app.kubernetes.io/name': 'gateway' } }),
  },
  {
    resource: sandboxTemplate,
    path: 'spec.podTemplate.metadata.annotations',
    message: 'use another prefix',
    accepted: withMetadata({ annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' } }),
    refused: withMetadata({ annotations: { 'sandpiper.dev/template-hash': 'mine' } }),
  },
  {
    resource: sandboxTemplate,
    path: 'spec.podTemplate.spec.containers',
    message: 'must be named sandbox when there are several',
    accepted: withContainers('sidecar', 'sandbox'),
    refused: withContainers('sidecar', 'computer'),
  },
  {
    resource: sandboxTemplate,
    path: 'spec.workspace.size',
    message: 'must be between 16Mi and 64Ti',
    accepted: { podTemplate, workspace: { size: '16Mi' } },
    // The unit was forgotten.
    refused: { podTemplate, workspace: { size: '10' } },
  },
  {
    resource: sandboxTemplate,
    path: 'spec.network',
    message: 'egress None reaches nothing',
    accepted: withNetwork({ egress: 'None' }),
    refused: withNetwork({ egress: 'None', deny: ['10.0.0.0/8'] }),
  },
  {
    resource: sandboxTemplate,
    path: 'spec.network',
    message: 'egress Custom reaches only what allow names',
    accepted: withNetwork({ egress: 'Custom', allow: ['10.1.0.0/16'], deny: ['10.1.2.0/24'] }),
    refused: withNetwork({ egress: 'Custom', allow: [] }),
  },
  {
    resource: sandboxTemplate,
    path: 'spec.network',
    message: 'dns Custom needs dnsServers',
    accepted: withNetwork({ dns: 'Custom', dnsServers: ['9.9.9.9', '2620:fe::9'] }),
    refused: withNetwork({ dns: 'Custom' }),
  },
  {
    resource: sandboxTemplate,
    path: 'spec.network.dnsServers[]',
    message: 'must be an address',
    accepted: withNetwork({ dns: 'Custom', dnsServers: ['::1'] }),
    refused: withNetwork({ dns: 'Custom', dnsServers: ['dns.example.com'] }),
  },
  {
    resource: sandboxTemplate,
    path: 'spec.network.allow[]',
    message: 'must be a range of addresses',
    accepted: withNetwork({ allow: ['192.168.7.0/24', 'fd00::/8'] }),
    refused: withNetwork({ allow: ['192.168.7.1'] }),
  },
  {
    resource: sandboxTemplate,
    path: 'spec.network.deny[]',
    message: 'must be a range of addresses',
    accepted: withNetwork({ deny: ['198.51.100.7/32'] }),
    refused: withNetwork({ deny: ['198.51.100.0/33'] }),
  },
  {
    resource: sandboxTemplate,
    path: 'spec.defaults.lifetime.idleTimeout',
    message: 'must be between 1s and 8760h',
    accepted: withDefaults({ idleTimeout: '8760h' }),
    refused: withDefaults({ idleTimeout: '8761h' }),
  },
  {
    resource: sandboxTemplate,
    path: 'spec.defaults.lifetime.maxLifetime',
    message: 'must be between 1s and 87600h',
    accepted: withDefaults({ maxLifetime: '1s' }),
    refused: withDefaults({ maxLifetime: '0s' }),
  },

  // SandboxPool
  {
    resource: sandboxPool,
    path: 'spec',
    message: 'maxReplicas is below replicas',
    accepted: poolOf('slim', { replicas: 2, maxReplicas: 2 }),
    refused: poolOf('slim', { replicas: 3, maxReplicas: 2 }),
  },
  {
    resource: sandboxPool,
    path: 'spec.templateRef',
    message: 'the template of a pool cannot change',
    before: poolOf('slim'),
    accepted: poolOf('slim', { replicas: 7 }),
    refused: poolOf('default'),
  },
];
