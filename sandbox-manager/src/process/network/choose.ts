import { runCommand } from '../command.ts';
import { hostNetwork, noNetwork, type Network } from './network.ts';
import { createSlirpNetwork } from './slirp.ts';
import { createVethNetwork } from './veth.ts';

/** Finds out, by trying, which way out sandboxes can have here. Never rejects: the worst is none, with the reason in `notes`. */
export async function chooseNetwork({
  id,
  asRoot,
  confined,
}: {
  id: string;
  asRoot: boolean;
  confined: boolean;
}): Promise<Network> {
  if (!confined) return hostNetwork();
  if (asRoot) {
    const veth = await createVethNetwork(id);
    if (!('reason' in veth)) return veth;
    return noNetwork([`Sandboxes have no network. ${veth.reason}`]);
  }
  const slirp = await trySlirp();
  return slirp === undefined ? createSlirpNetwork() : noNetwork([`Sandboxes have no network. ${slirp}`]);
}

/** @returns why not, in a sentence; undefined when it works */
async function trySlirp(): Promise<string | undefined> {
  const version = await runCommand('slirp4netns', ['--version'], { timeoutMs: 2000 });
  if (version.code === undefined) return 'Install slirp4netns to give them one.';
  const tun = await runCommand('sh', ['-c', 'exec 3<>/dev/net/tun'], { timeoutMs: 2000 });
  if (tun.code !== 0)
    return 'slirp4netns needs /dev/net/tun, which this user may not open (udev usually makes it mode 0666).';
  const namespaces = await runCommand(
    'unshare',
    ['--user', '--map-current-user', '--keep-caps', '--net', 'ip', 'link', 'set', 'lo', 'up'],
    { timeoutMs: 2000 },
  );
  if (namespaces.code !== 0) return `A user may not make network namespaces here: ${namespaces.stderr}`;
  return undefined;
}
