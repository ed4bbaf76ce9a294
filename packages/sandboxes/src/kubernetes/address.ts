import { BlockList, isIPv4, isIPv6 } from 'node:net';

export interface AddressRule {
  /** Whether loopback counts as well: only for tests whose sandboxes are processes of this machine. */
  allowLoopback?: boolean;
}

/**
 * Why an address that a status publishes is not used, or undefined when it may be one of a pod. Pure.
 *
 * Status is written by the operator, and says what a node said: were one of them taken over, the gateway must not become
 * its way into what only the gateway reaches. So: plain HTTP, a literal IP and a port, nothing that a resolver or a path
 * could turn into something else, and no class of addresses that pods never have. The uid in the token does the rest:
 * who answers somewhere else learns a token that is good for one sandbox only.
 */
export function refusalOfAddress(address: string, { allowLoopback = false }: AddressRule = {}): string | undefined {
  const parts = /^http:\/\/(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<four>[0-9.]+)):(?<port>[0-9]{1,5})$/.exec(address)?.groups;
  const host = parts?.['six'] ?? parts?.['four'];
  const port = Number(parts?.['port']);
  const isLiteral = host !== undefined && (parts?.['six'] === undefined ? isIPv4(host) : isIPv6(host));
  if (!isLiteral || port < 1 || port > 65_535) return 'it is not http:// with an IP address and a port';
  const family = isIPv4(host) ? 'ipv4' : 'ipv6';
  for (const [name, list] of CLASSES) {
    if (list[family].check(host, family) && !(allowLoopback && name === LOOPBACK)) return `it is ${name}`;
  }
  return undefined;
}

const LOOPBACK = 'a loopback address';

/** The first that fits names the class. Private ranges are missing on purpose: pods live there. */
const CLASSES: readonly [name: string, list: Ranges][] = [
  // In disguise it would be judged by the rules of IPv6; no pod has such a one.
  [
    'an IPv4 address written as IPv6',
    ranges('::ffff:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '2002::/16', '2001::/32'),
  ],
  [LOOPBACK, ranges('127.0.0.0/8', '::1/128')],
  // Of AWS and GCP by IPv6, of Azure, Alibaba and Oracle outside of link-local.
  [
    'a metadata address',
    ranges(
      '169.254.169.254/32',
      'fd00:ec2::254/128',
      'fd20:ce::254/128',
      '168.63.129.16/32',
      '100.100.100.200/32',
      '192.0.0.0/24',
    ),
  ],
  ['a link-local address', ranges('169.254.0.0/16', 'fe80::/10')],
  ['an unspecified address', ranges('0.0.0.0/8', '::/128')],
  ['a multicast address', ranges('224.0.0.0/4', 'ff00::/8')],
  ['a reserved address', ranges('240.0.0.0/4', 'fec0::/10')],
];

/** Apart by family: a list of both takes every IPv4 address for one in `::ffff:0:0/96`. */
type Ranges = Record<'ipv4' | 'ipv6', BlockList>;

function ranges(...subnets: string[]): Ranges {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const subnet of subnets) {
    const [net = '', prefix] = subnet.split('/');
    const family = isIPv4(net) ? 'ipv4' : 'ipv6';
    lists[family].addSubnet(net, Number(prefix), family);
  }
  return lists;
}
