import { DENIED } from './network.ts';

/** Names of the host's ends of all sandboxes' links begin with this, whichever installation made them: the number that follows
 * is their address. Whose they are is their group. */
export const LINK_PREFIX = 'spr';

export interface FirewallOptions {
  table: string;
  /** Group of this installation's links; rules of several installations on one host must not meet. */
  group: number;
  subnet: string;
  /** Answers DNS for sandboxes: the only private addresses they reach, and only at port 53. */
  resolvers: string[];
  /** A resolver on the host's loopback, and the address under which sandboxes know it. */
  loopback?: { resolver: string; alias: string };
}

/**
 * The whole table, in nft's language; loading it replaces an earlier one in one transaction.
 *
 * Verdicts of other tables stand beside ours: what we drop stays dropped, what another firewall drops we cannot allow.
 */
export function firewallRules({ table, group, subnet, resolvers, loopback }: FirewallOptions): string {
  const from = `iifgroup ${group}`;
  const to = `oifgroup ${group}`;
  const toResolver =
    resolvers.length === 0
      ? ''
      : `${from} ip daddr { ${resolvers.join(', ')} } meta l4proto { tcp, udp } th dport 53 accept`;
  const reject = 'reject with icmpx type admin-prohibited';
  return `
add table inet ${table}
delete table inet ${table}
table inet ${table} {
  chain forward {
    type filter hook forward priority filter - 10; policy accept;
    ${to} ct state established,related accept
    ${to} drop
    ${from} meta nfproto ipv6 drop
    ${from} ip saddr != ${subnet} drop
    ${toResolver}
    ${from} ip daddr { ${DENIED.join(', ')} } ${reject}
  }
  chain input {
    type filter hook input priority filter - 10; policy accept;
    ${loopback ? `${from} ct status dnat ip daddr ${loopback.resolver} meta l4proto { tcp, udp } th dport 53 accept` : ''}
    ${from} ${reject}
  }
  chain prerouting {
    type nat hook prerouting priority dstnat - 10; policy accept;
    ${loopback ? `${from} ip daddr ${loopback.alias} meta l4proto { tcp, udp } th dport 53 dnat ip to ${loopback.resolver}` : ''}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${subnet} oifgroup != ${group} masquerade
  }
}
`;
}
