import { DENIED } from './network.ts';

/** Names of the host's ends of all sandboxes' links begin with this, whichever installation made them. */
export const LINK_PREFIX = 'spr';

export interface FirewallOptions {
  table: string;
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
export function firewallRules({ table, subnet, resolvers, loopback }: FirewallOptions): string {
  const ours = `"${LINK_PREFIX}*"`;
  const toResolver =
    resolvers.length === 0
      ? ''
      : `iifname ${ours} ip daddr { ${resolvers.join(', ')} } meta l4proto { tcp, udp } th dport 53 accept`;
  const reject = 'reject with icmpx type admin-prohibited';
  return `
add table inet ${table}
delete table inet ${table}
table inet ${table} {
  chain forward {
    type filter hook forward priority filter - 10; policy accept;
    oifname ${ours} ct state established,related accept
    oifname ${ours} drop
    iifname ${ours} meta nfproto ipv6 drop
    iifname ${ours} ip saddr != ${subnet} drop
    ${toResolver}
    iifname ${ours} ip daddr { ${DENIED.join(', ')} } ${reject}
  }
  chain input {
    type filter hook input priority filter - 10; policy accept;
    ${loopback ? `iifname ${ours} ct status dnat ip daddr ${loopback.resolver} meta l4proto { tcp, udp } th dport 53 accept` : ''}
    iifname ${ours} ${reject}
  }
  chain prerouting {
    type nat hook prerouting priority dstnat - 10; policy accept;
    ${loopback ? `iifname ${ours} ip daddr ${loopback.alias} meta l4proto { tcp, udp } th dport 53 dnat ip to ${loopback.resolver}` : ''}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${subnet} oifname != ${ours} masquerade
  }
}
`;
}
