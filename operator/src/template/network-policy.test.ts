import { BlockList } from 'node:net';
import { describe, expect, it } from 'vitest';
import { aTemplate } from '../testing/objects.ts';
import { contains } from './cidr.ts';
import { networkPolicyFor, type NetworkSettings } from './network-policy.ts';

const SETTINGS: NetworkSettings = {
  callers: [{ namespace: { part: 'sandpiper' }, pod: { part: 'sandpiper' } }],
  clusterDns: { namespace: { name: 'kube-system' }, pod: { 'k8s-app': 'kube-dns' } },
  deny: ['203.0.113.7/32'],
};

type Network = NonNullable<Parameters<typeof aTemplate>[0]>['network'];

/** Whether a policy lets a connection out to an address. */
function lets(network: Network, address: string): boolean {
  const policy = networkPolicyFor(aTemplate({ network }), SETTINGS);
  const blocks = (policy.spec?.egress ?? []).flatMap(({ to, ports }) =>
    ports ? [] : (to ?? []).flatMap(({ ipBlock }) => ipBlock ?? []),
  );
  return blocks.some(({ cidr, except }) => isIn(cidr, address) && !(except ?? []).some((each) => isIn(each, address)));
}

function isIn(cidr: string, address: string): boolean {
  const [base = '', bits] = cidr.split('/');
  const list = new BlockList();
  if (base.includes(':') !== address.includes(':')) return false;
  list.addSubnet(base, Number(bits), base.includes(':') ? 'ipv6' : 'ipv4');
  return list.check(address, base.includes(':') ? 'ipv6' : 'ipv4');
}

describe('what sandboxes reach', () => {
  it.each(['1.1.1.1', '8.8.8.8', '2606:4700::1111'])('%s on the Internet, by default', (address) => {
    expect(lets({}, address)).toBe(true);
    expect(lets({ egress: 'None' }, address)).toBe(false);
  });

  it.each([
    '10.1.2.3',
    '172.20.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.169.254',
    '127.0.0.1',
    '198.18.0.2',
    '203.0.113.7',
    'fd00:ec2::254',
    'fe80::1',
    '::1',
  ])('never %s', (address) => expect(lets({}, address)).toBe(false));

  it('takes what a template denies off, and adds what it allows', () => {
    expect(lets({ deny: ['1.1.1.0/24'] }, '1.1.1.1')).toBe(false);
    expect(lets({ egress: 'Custom', allow: ['10.9.0.0/16'] }, '10.9.1.1')).toBe(true);
    expect(lets({ egress: 'Custom', allow: ['10.9.0.0/16'] }, '8.8.8.8')).toBe(false);
    expect(lets({ egress: 'Custom', allow: ['10.9.0.0/16'], deny: ['10.9.1.0/24'] }, '10.9.1.1')).toBe(false);
  });

  it('lets what an allowed range holds of a denied one stay denied, the whole of it too', () => {
    expect(lets({ egress: 'Custom', allow: ['203.0.113.7/32'] }, '203.0.113.7')).toBe(false);
  });
});

describe('who reaches sandboxes', () => {
  it('is who the installation names, on the port of tool-api', () => {
    const podTemplate = {
      spec: { containers: [{ name: 'sandbox', image: 'x', ports: [{ name: 'tools', containerPort: 9999 }] }] },
    };
    const { spec } = networkPolicyFor(aTemplate({ podTemplate }), SETTINGS);
    expect(spec?.ingress).toEqual([
      {
        from: [
          {
            namespaceSelector: { matchLabels: { part: 'sandpiper' } },
            podSelector: { matchLabels: { part: 'sandpiper' } },
          },
        ],
        ports: [{ protocol: 'TCP', port: 9999 }],
      },
    ]);
    expect(spec?.policyTypes).toEqual(['Ingress', 'Egress']);
  });
});

it('lets nobody in where nobody is named', () => {
  expect(networkPolicyFor(aTemplate(), { ...SETTINGS, callers: [] }).spec?.ingress).toBeUndefined();
});

it('knows ranges within ranges', () => {
  expect(contains('10.0.0.0/8', '10.1.0.0/16')).toBe(true);
  expect(contains('10.0.0.0/8', '10.0.0.0/8')).toBe(false);
  expect(contains('10.1.0.0/16', '10.0.0.0/8')).toBe(false);
  expect(contains('::/0', '10.0.0.0/8')).toBe(false);
  expect(contains('fc00::/7', 'fd00::/8')).toBe(true);
});
