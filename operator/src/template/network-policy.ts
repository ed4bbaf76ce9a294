import { labels, privateRanges, type SandboxTemplate } from '@sandpiper/api';
import type { NetworkPolicy, NewObject } from '@sandpiper/kube';
import { sandboxContainer, templatePodSpec, toolsPort } from '../instance/container.ts';
import { ownedBy } from '../ownership.ts';
import { contains, covers } from './cidr.ts';

/** Who may reach into sandboxes and what they never reach, as the installation says. */
export interface NetworkSettings {
  /** Pods of these labels, in namespaces of those, may open tool-api. */
  callers: readonly { namespace: Record<string, string>; pod: Record<string, string> }[];
  /** Where name servers are: pods of the cluster by label. */
  clusterDns: { namespace: Record<string, string>; pod: Record<string, string> };
  /** Ranges that no sandbox reaches, beside private ones: API server, nodes. */
  deny: readonly string[];
}

const DNS_PORTS = [
  { protocol: 'UDP', port: 53 },
  { protocol: 'TCP', port: 53 },
];

export function networkPolicyName(template: string): string {
  return `sandbox-${template}`;
}

/**
 * What sandboxes of one template reach, and who reaches them. Pure. It holds from the first packet of a pod, because it
 * selects on labels that pods are created with and adoption never changes.
 */
export function networkPolicyFor(template: SandboxTemplate, settings: NetworkSettings): NewObject<NetworkPolicy> {
  const { metadata } = template;
  const egress = egressOf(template, settings);
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name: networkPolicyName(metadata.name),
      namespace: metadata.namespace ?? '',
      labels: { [labels.component]: 'sandbox', [labels.template]: metadata.name },
      ownerReferences: [ownedBy(template)],
    },
    spec: {
      podSelector: { matchLabels: { [labels.component]: 'sandbox', [labels.template]: metadata.name } },
      policyTypes: ['Ingress', 'Egress'],
      // Without a rule nothing comes in or goes out. A rule whose list is empty would let everything through.
      ...(settings.callers.length > 0 && { ingress: [ingressOf(template, settings)] }),
      ...(egress.length > 0 && { egress }),
    },
  };
}

function ingressOf(template: SandboxTemplate, { callers }: NetworkSettings) {
  return {
    from: callers.map(({ namespace, pod }) => ({
      namespaceSelector: { matchLabels: namespace },
      podSelector: { matchLabels: pod },
    })),
    ports: [{ protocol: 'TCP', port: portOf(template) }],
  };
}

type Egress = NonNullable<NonNullable<NetworkPolicy['spec']>['egress']>;

function egressOf({ spec }: SandboxTemplate, settings: NetworkSettings): Egress {
  const { egress, allow = [], deny = [] } = spec.network;
  if (egress === 'None') return [];
  const denied = [...settings.deny, ...deny];
  const internet = [
    block('0.0.0.0/0', [...privateRanges.ipv4, ...denied.filter(isIpv4)]),
    block('::/0', [...privateRanges.ipv6, ...denied.filter((cidr) => !isIpv4(cidr))]),
  ];
  const named = allow.filter((cidr) => !denied.some((each) => covers(each, cidr))).map((cidr) => block(cidr, denied));
  const reachable = egress === 'Internet' ? [...internet, ...named] : named;
  return [...dnsRules(spec.network, settings), ...(reachable.length > 0 ? [{ to: reachable }] : [])];
}

function dnsRules(network: SandboxTemplate['spec']['network'], { clusterDns }: NetworkSettings): Egress {
  if (network.dns === 'Custom') {
    const servers = network.dnsServers ?? [];
    if (servers.length === 0) return [];
    return [{ to: servers.map((server) => block(hostRange(server), [])), ports: DNS_PORTS }];
  }
  return [
    {
      to: [
        {
          namespaceSelector: { matchLabels: clusterDns.namespace },
          podSelector: { matchLabels: clusterDns.pod },
        },
      ],
      ports: DNS_PORTS,
    },
  ];
}

function block(cidr: string, except: readonly string[]) {
  const inside = [...new Set(except)].filter((each) => contains(cidr, each));
  return { ipBlock: { cidr, ...(inside.length > 0 && { except: inside }) } };
}

function portOf(template: SandboxTemplate): number {
  const spec = templatePodSpec(template);
  return toolsPort(spec && sandboxContainer(spec));
}

function isIpv4(cidr: string): boolean {
  return !cidr.includes(':');
}

function hostRange(address: string): string {
  if (address.includes('/')) return address;
  return isIpv4(address) ? `${address}/32` : `${address}/128`;
}
