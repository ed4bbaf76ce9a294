/**
 * What is not the Internet, and what no sandbox reaches unless its template allows it: this host, private and link-local networks
 * (cloud metadata with them), carrier-grade NAT, benchmarking, multicast and reserved addresses. From IANA's special-purpose
 * registries, less the documentation ranges.
 */
export const privateRanges = {
  ipv4: [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '224.0.0.0/4',
    '240.0.0.0/4',
  ],
  // 64:ff9b::/96 is IPv4 once more, behind a translator.
  ipv6: ['::/128', '::1/128', '64:ff9b::/96', 'fc00::/7', 'fe80::/10', 'ff00::/8'],
} as const;
