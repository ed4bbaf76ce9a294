import { z } from 'zod';
import { withRules } from './rules.ts';

const cidr = withRules(z.string().max(43), {
  rule: 'isCIDR(self)',
  message: 'must be a range of addresses like 10.1.0.0/16 or 2001:db8::/32',
  holds: (text) => isRange(text),
}).describe('A range of addresses in CIDR notation: 10.1.0.0/16 or 2001:db8::/32.');

const address = withRules(z.string().max(39), {
  rule: 'isIP(self)',
  message: 'must be an address like 9.9.9.9 or 2620:fe::9',
  holds: (text) => isAddress(text),
}).describe('An address: 9.9.9.9 or 2620:fe::9.');

const ranges = z
  .array(cidr)
  .max(256)
  .refine((all) => new Set(all).size === all.length, 'each range once')
  .meta({ 'x-kubernetes-list-type': 'set' });

/** What sandboxes of a template reach. Inward only gateway and operator reach them, whatever is said here. */
export const network = withRules(
  z.strictObject({
    egress: z
      .enum(['Internet', 'None', 'Custom'])
      .default('Internet')
      .describe(
        'What is reachable from inside. Internet: public addresses, not private, link-local and metadata ones. None: ' +
          'nothing, not even name servers. Custom: what allow names, and nothing else.',
      ),
    allow: ranges
      .exactOptional()
      .describe('Reachable ranges: beside the public ones with egress Internet, the only ones with Custom.'),
    deny: ranges.exactOptional().describe('Ranges that stay unreachable although egress or allow contain them.'),
    dns: z
      .enum(['Cluster', 'Custom'])
      .default('Cluster')
      .describe(
        'Who resolves names. Cluster: the name server of the cluster or host, which also knows names of internal ' +
          'services. Custom: dnsServers.',
      ),
    dnsServers: z
      .array(address)
      .min(1)
      .max(3)
      .exactOptional()
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .describe('Name servers with dns Custom, the preferred one first. They are reachable on port 53.'),
  }),
  {
    rule: "self.egress != 'None' || (!has(self.allow) && !has(self.deny))",
    message: 'egress None reaches nothing: leave out allow and deny, or use egress Custom',
    fieldPath: '.egress',
    holds: ({ egress, allow, deny }) => egress !== 'None' || (allow === undefined && deny === undefined),
  },
  {
    rule: "self.egress != 'Custom' || (has(self.allow) && self.allow.size() > 0)",
    message: 'egress Custom reaches only what allow names: name at least one range, or use egress None',
    fieldPath: '.allow',
    holds: ({ egress, allow }) => egress !== 'Custom' || (allow !== undefined && allow.length > 0),
  },
  {
    rule: "(self.dns == 'Custom') == has(self.dnsServers)",
    message: 'dns Custom needs dnsServers, and dnsServers needs dns Custom',
    fieldPath: '.dnsServers',
    holds: ({ dns, dnsServers }) => (dns === 'Custom') === (dnsServers !== undefined),
  },
).describe('What sandboxes reach.');

// As CEL's `isCIDR` and `isIP`, which take no IPv4 address in the clothes of IPv6: a policy would not meet its packets.
function isRange(text: string): boolean {
  return z.union([z.cidrv4(), z.cidrv6()]).safeParse(text).success && !isMapped(text.replace(/\/.*/, ''));
}

function isAddress(text: string): boolean {
  return z.union([z.ipv4(), z.ipv6()]).safeParse(text).success && !isMapped(text);
}

function isMapped(text: string): boolean {
  // URL spells every IPv6 address in its shortest form.
  return text.includes(':') && /^\[::ffff:[^:]+:[^:]+\]$/.test(new URL(`http://[${text}]`).hostname);
}
