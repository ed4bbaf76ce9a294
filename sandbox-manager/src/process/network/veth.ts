import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { runCommand } from '../command.ts';
import { firewallRules, LINK_PREFIX } from './firewall.ts';
import { DISABLE_IPV6, type Network } from './network.ts';
import { findResolvers } from './resolvers.ts';

/** /16 networks to take links' addresses from; the first that this host has no route into. */
const SUBNETS = ['10.231', '172.29', '10.97', '192.168'];

/**
 * The way out when started as root: a veth pair per sandbox, NAT, and a firewall on the host's side, where the sandbox has
 * no say. The kernel removes the pair together with the namespace, so nothing of it can be left behind.
 *
 * @param id  of this installation; part of the name of its nftables table
 * @returns a reason, in a sentence, where it cannot be had
 */
export async function createVethNetwork(id: string): Promise<Network | { reason: string }> {
  const routes = await runCommand('ip', ['-4', 'route', 'show']);
  if (routes.code !== 0) return { reason: `'ip route' failed: ${routes.stderr}` };
  const uplinks = [...new Set([...routes.stdout.matchAll(/^default .*\bdev (\S+)/gm)].map(([, name = '']) => name))];
  if (uplinks.length === 0) return { reason: 'This host has no default route.' };
  if (await forwardingIsBlocked()) return { reason: 'Another firewall on this host drops forwarded packets.' };
  const prefix = SUBNETS.find((subnet) => !overlaps(routes.stdout, subnet));
  if (prefix === undefined) return { reason: `This host has routes into all of ${SUBNETS.join(', ')}.` };

  const { direct, viaLoopback } = await findResolvers();
  const alias = `${prefix}.255.254`;
  const table = `sandpiper_${id}`;
  const group = Number.parseInt(id, 16) % 2 ** 31 || 1;
  const rules = firewallRules({
    table,
    group,
    subnet: `${prefix}.0.0/16`,
    resolvers: direct,
    ...(viaLoopback === undefined || direct.length > 0 ? {} : { loopback: { resolver: viaLoopback, alias } }),
  });
  const loaded = await runCommand('nft', ['-f', '-'], { input: rules });
  if (loaded.code !== 0) return { reason: `nftables refused our table: ${loaded.stderr}` };

  const opened = await openForwarding(uplinks);
  const servers = direct.length > 0 ? direct : viaLoopback === undefined ? [] : [alias];
  return {
    kind: 'nat',
    notes: [
      ...opened.map((link) => `IPv4 forwarding was switched on for ${link}, and is switched off again at the end.`),
      ...(servers.length === 0 ? ['This host has no IPv4 resolver, so sandboxes have no DNS.'] : []),
    ],
    resolvConf: servers.map((address) => `nameserver ${address}\n`).join(''),
    unshare: ['--net'],
    bwrap: [],
    script: SET_UP_LINK,
    environment: {
      LINK_PREFIX,
      LINK_GROUP: group.toString(),
      SUBNET_PREFIX: prefix,
      HOST_NETWORK: `/proc/${process.pid.toString()}/ns/net`,
      HOST_PID: process.pid.toString(),
      UPLINKS: uplinks.join(' '),
      LINK_MTU: await smallestMtu(uplinks),
      TO_LOOPBACK: viaLoopback !== undefined && direct.length === 0 ? '1' : '0',
    },
    close: async () => {
      await runCommand('nft', ['delete', 'table', 'inet', table]);
      await closeForwarding(uplinks);
    },
  };
}

/** What sandboxes take for their router: link-local, so that it means nothing elsewhere. */
const GATEWAY = '169.254.1.1';
const GATEWAY_MAC = 'ee:ee:ee:ee:ee:ee';

/**
 * Runs in the new namespace as root. The pair's number is found by trying: creating a link whose name is taken fails, which
 * makes the kernel the allocator, for all installations on this host. Its address follows from the number.
 *
 * The host's end has no address, only a route: browsers on this host give up what they are loading whenever an address comes
 * or goes (net::ERR_NETWORK_CHANGED), and the page of Sandpiper itself would be among it. The sandbox sends to a gateway that
 * is nobody's address, behind a MAC that it is told.
 */
const SET_UP_LINK = `${DISABLE_IPV6}
i=0
until ip link add eth0 type veth peer name "$LINK_PREFIX$i" netns "$HOST_PID" 2>/dev/null; do
  i=$((i + 1)); [ "$i" -lt 32000 ] || { echo 'No link could be made.' >&2; exit 1; }
done
address="$SUBNET_PREFIX.$((i / 128)).$((i % 128 * 2 + 1))"
nsenter --net="$HOST_NETWORK" sh -euc '
  conf=/proc/sys/net/ipv4/conf/$1
  [ ! -e "/proc/sys/net/ipv6/conf/$1/disable_ipv6" ] || echo 1 > "/proc/sys/net/ipv6/conf/$1/disable_ipv6"
  printf "link set %s address ${GATEWAY_MAC} group $LINK_GROUP up\\nroute add %s/32 dev %s\\n" "$1" "$2" "$1" | ip -batch -
  echo 1 > $conf/forwarding
  for uplink in $UPLINKS; do echo 1 > "/proc/sys/net/ipv4/conf/$uplink/forwarding"; done
  echo 1 > $conf/rp_filter
  [ "$TO_LOOPBACK" = 0 ] || echo 1 > $conf/route_localnet
' sh "$LINK_PREFIX$i" "$address"
{
  echo "link set lo up"
  echo "addr add $address/32 dev eth0"
  echo "link set eth0 mtu $LINK_MTU up"
  echo "neigh add ${GATEWAY} lladdr ${GATEWAY_MAC} dev eth0 nud permanent"
  echo "route add ${GATEWAY} dev eth0 scope link"
  echo "route add default via ${GATEWAY} dev eth0"
} | ip -batch -
`;

const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward';
const forwardingOf = (link: string): string => `/proc/sys/net/ipv4/conf/${link}/forwarding`;
/** Says, to all installations on this host, that it was one of them that switched it on. */
const markOf = (link: string): string => `/run/sandpiper-forwarding-${link}`;

/**
 * Lets answers back in. Only on the links that lead out, not by the switch for the whole host; links of sandboxes get theirs
 * when they are made.
 *
 * @returns the links on which it had been off
 */
async function openForwarding(uplinks: string[]): Promise<string[]> {
  if ((await readFile(IP_FORWARD, 'utf8')).trim() === '1') return [];
  for (const link of uplinks) {
    if ((await readFile(forwardingOf(link), 'utf8')).trim() === '1') continue;
    await writeFile(markOf(link), '');
    await writeFile(forwardingOf(link), '1');
  }
  return uplinks.filter((link) => existsSync(markOf(link)));
}

/** Puts it back as it was, unless somebody needs it: another installation's sandboxes, or whoever switched on all links. */
async function closeForwarding(uplinks: string[]): Promise<void> {
  const links = await runCommand('ip', ['-o', 'link', 'show']);
  if (links.stdout.includes(` ${LINK_PREFIX}`) || (await readFile(IP_FORWARD, 'utf8')).trim() === '1') return;
  for (const link of uplinks.filter((name) => existsSync(markOf(name)))) {
    await writeFile(forwardingOf(link), '0').catch(() => undefined);
    await rm(markOf(link), { force: true });
  }
}

/** Links inside must not take packets that the way out would have to refuse. */
async function smallestMtu(uplinks: string[]): Promise<string> {
  const sizes = await Promise.all(
    uplinks.map((link) => readFile(`/sys/class/net/${link}/mtu`, 'utf8').catch(() => '1500')),
  );
  return Math.min(1500, ...sizes.map(Number)).toString();
}

/** Docker and ufw set this policy; an accept in our table cannot overrule it. */
async function forwardingIsBlocked(): Promise<boolean> {
  const chain = await runCommand('nft', ['list', 'chain', 'ip', 'filter', 'FORWARD']);
  return /policy drop/.test(chain.stdout);
}

function overlaps(routes: string, prefix: string): boolean {
  return routes.split('\n').some((line) => {
    const [destination = '', ...rest] = line.split(' ');
    return destination.startsWith(`${prefix}.`) && !rest.some((word) => word.startsWith(LINK_PREFIX));
  });
}
